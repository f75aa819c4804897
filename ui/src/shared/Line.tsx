import { Box, Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

/** One thing of a list in a panel (`.lines`): its name, what is to be said of it, and what can be done with it. */
export function Line(props: { name: ReactNode; children?: ReactNode; actions?: ReactNode; over?: boolean }) {
  return (
    <Group component="li" px="md" py="sm" justify="space-between" align="flex-start" gap="sm">
      <Stack gap={2} style={{ flex: "1 1 16rem", minWidth: 0, overflowWrap: "anywhere" }}>
        <Text component="div" fw={600} c={props.over ? "dimmed" : undefined}>
          {props.name}
        </Text>
        <Text component="div" size="sm" c="dimmed">
          {props.children}
        </Text>
      </Stack>
      {props.actions && <Group gap="xs">{props.actions}</Group>}
    </Group>
  );
}

/** The list that lines stand in. */
export function Lines({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Box component="ul" className="panel lines" m={0} p={0} aria-label={label} style={{ listStyle: "none" }}>
      {children}
    </Box>
  );
}
