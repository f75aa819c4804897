import { Box, Group, Text, VisuallyHidden } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { Move } from "./Move";

interface Props {
  project: string;
  prompt: string;
  /** From which version to which; left out while nobody has said. */
  move?: { before: number | null; after: number | null } | undefined;
  /** Whether its difference is open from the start. */
  open?: boolean;
  /** What can be done with it. */
  actions?: ReactNode;
  /** The difference; made when somebody opens it. */
  children: () => ReactNode;
}

/** One prompt that a change moves from version to version, and behind it what that changes. */
export function ChangedItem({ project, prompt, move, open = false, actions, children }: Props) {
  const [opened, setOpened] = useState(open);
  return (
    <Box p="sm">
      <Group justify="space-between" align="flex-start">
        <Text flex="1 1 12rem" style={{ overflowWrap: "anywhere" }}>
          <Link
            to="/p/$project/prompts/$name"
            params={{ project, name: prompt }}
            search={{ version: move?.after ?? undefined }}
          >
            {prompt}
          </Link>{" "}
          {move && <Move {...move} />}
        </Text>
        {actions}
      </Group>
      <details open={open} onToggle={(event) => setOpened(event.currentTarget.open)}>
        <Text component="summary" size="sm" c="dimmed" w="fit-content">
          What changes<VisuallyHidden> in {prompt}</VisuallyHidden>
        </Text>
        {opened && <Box mt="xs">{children()}</Box>}
      </details>
    </Box>
  );
}
