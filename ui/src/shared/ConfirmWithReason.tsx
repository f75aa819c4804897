import { Textarea } from "@mantine/core";
import { useState } from "react";
import { Dialog, type DialogProps } from "./Dialog";
import { MOD } from "./keys";

interface Props extends DialogProps {
  optional?: boolean;
  /** What is asked for, where it is not a reason. */
  label?: string;
  onConfirm: (reason: string) => void;
}

/** A dialog that says what is about to happen and asks why; the reason goes into the audit. */
export function ConfirmWithReason({ optional = false, label = "Why", onConfirm, children, ...props }: Props) {
  const [reason, setReason] = useState("");
  return (
    <Dialog
      {...props}
      disabled={props.disabled || (!optional && reason.trim() === "")}
      onSend={() => onConfirm(reason.trim())}
    >
      {children}
      <Textarea
        label={label}
        description={`It stands in the history and in the audit. ${MOD} Enter sends.`}
        required={!optional}
        autosize
        minRows={2}
        maxLength={2000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        data-autofocus
      />
    </Dialog>
  );
}
