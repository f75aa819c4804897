import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Command } from "./Command";
import { useWayBack } from "./focus";

/** A secret that was made a moment ago. Nothing but the button closes it: it cannot be shown again. */
export function SecretOnce(props: { title: string; secret: string; children?: ReactNode; onKept: () => void }) {
  useWayBack();
  return (
    <Modal
      opened
      onClose={props.onKept}
      title={props.title}
      size="lg"
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
    >
      <Stack>
        <Text size="sm">Keep it now: it is shown this once, and nobody can look it up later.</Text>
        <Command label="Copy the secret">{props.secret}</Command>
        {props.children}
        <Group justify="flex-end">
          <Button onClick={props.onKept}>I have kept it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
