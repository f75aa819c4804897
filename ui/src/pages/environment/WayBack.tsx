import { Text } from "@mantine/core";
import type { ServedShown } from "../../api";
import { RollbackLink } from "../../shared/RollbackLink";

/** The way back, where the API knows one. */
export function WayBack({ project, environment, item }: { project: string; environment: string; item: ServedShown }) {
  if (item.back === null) {
    return (
      <Text size="xs" c="dimmed" style={{ flexShrink: 0 }}>
        Nothing to go back to
      </Text>
    );
  }
  return (
    <RollbackLink
      project={project}
      environment={environment}
      what={{ prompt: item.prompt }}
      size="xs"
      label={`Roll back ${item.prompt} to ${item.back}`}
    >
      Roll back to {item.back}
    </RollbackLink>
  );
}
