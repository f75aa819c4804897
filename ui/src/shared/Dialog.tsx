import { Button, Group, Modal, Stack } from "@mantine/core";
import { type FormEvent, type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import type { Refusal } from "../api";
import { useWayBack } from "./focus";
import { Problem } from "./Problem";

export interface DialogProps {
  opened: boolean;
  onClose: () => void;
  title: string;
  children?: ReactNode;
  /** The word on the button: what will happen. */
  verb: string;
  /** Whether it cannot be undone or leaves a debt. */
  danger?: boolean;
  disabled?: boolean;
  /** Whether what decides about sending is still on its way. Ctrl Enter is kept until it is there. */
  waits?: boolean;
  /** The word on the button that sends nothing. */
  leave?: string;
  busy: boolean;
  refusal: Refusal | undefined;
}

/** A dialog that sends one thing: what it is about, what the API said against it, and two ways out. Ctrl Enter sends it too. */
export function Dialog({ onSend, ...props }: DialogProps & { onSend: () => void }) {
  useWayBack();
  const form = useRef<HTMLFormElement>(null);
  const [hurried, setHurried] = useState(false);
  const send = (event: FormEvent): void => {
    event.preventDefault();
    onSend();
  };
  const hurry = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault(); // where the fields come late the cross has the focus, and would close the dialog
    setHurried(true);
  };
  useEffect(() => {
    if (!hurried || props.waits) return;
    setHurried(false);
    if (!props.disabled && !props.busy) form.current?.requestSubmit();
  }, [hurried, props.waits, props.disabled, props.busy]);
  return (
    <Modal opened={props.opened} onClose={props.onClose} title={props.title} size="lg" onKeyDown={hurry}>
      <form ref={form} onSubmit={send}>
        <Stack>
          {props.children}
          {props.refusal && <Problem refusal={props.refusal} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={props.onClose}>
              {props.leave ?? "Leave it"}
            </Button>
            <Button
              type="submit"
              color={props.danger ? "red.9" : undefined}
              loading={props.busy || hurried}
              disabled={props.disabled || props.waits}
            >
              {props.verb}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
