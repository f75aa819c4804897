import { Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { Command } from "./Command";

interface Props {
  title: string;
  children?: ReactNode;
  /** What leads on from here. */
  action?: ReactNode;
  /** The same from a terminal. */
  command?: string;
}

/** Where there is nothing yet: what would stand here, and how it gets here. */
export function EmptyState({ title, children, action, command }: Props) {
  return (
    <Stack className="panel" p="xl" gap="sm" align="flex-start">
      <Title order={2}>{title}</Title>
      {children && (
        <Text component="div" c="dimmed" className="prose told">
          {children}
        </Text>
      )}
      {action && <Group my="xs">{action}</Group>}
      {command && (
        <>
          <Text size="sm" c="dimmed">
            {action ? "Or from a terminal:" : "From a terminal:"}
          </Text>
          <Command>{command}</Command>
        </>
      )}
    </Stack>
  );
}
