import { Button, Group, Modal, Stack, Textarea } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import type { Refusal } from "../api";
import { Problem } from "./Problem";

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  children?: ReactNode;
  /** The word on the button: what will happen. */
  verb: string;
  /** Whether it cannot be undone or leaves a debt. */
  danger?: boolean;
  optional?: boolean;
  busy: boolean;
  refusal: Refusal | undefined;
  onConfirm: (reason: string) => void;
}

/** A dialog that says what is about to happen and asks why; the reason goes into the audit. */
export function ConfirmWithReason(props: Props) {
  const [reason, setReason] = useState("");
  const send = (event: FormEvent): void => {
    event.preventDefault();
    props.onConfirm(reason.trim());
  };
  return (
    <Modal opened={props.opened} onClose={props.onClose} title={props.title} size="lg">
      <form onSubmit={send}>
        <Stack>
          {props.children}
          <Textarea
            label="Why"
            description="It stands in the history and in the audit."
            required={!props.optional}
            autosize
            minRows={2}
            maxLength={2000}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            data-autofocus
          />
          {props.refusal && <Problem refusal={props.refusal} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={props.onClose}>
              Leave it
            </Button>
            <Button
              type="submit"
              color={props.danger ? "red.9" : undefined}
              loading={props.busy}
              disabled={!props.optional && reason.trim() === ""}
            >
              {props.verb}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
