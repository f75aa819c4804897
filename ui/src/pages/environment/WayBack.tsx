import { Text } from "@mantine/core";
import type { ServedShown } from "../../api";
import { ButtonLink } from "../../shared/links";

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
    <ButtonLink
      size="xs"
      variant="default"
      style={{ flexShrink: 0 }}
      to="/p/$project/propose"
      params={{ project }}
      search={{ environment, kind: "rollback", prompt: item.prompt }}
      aria-label={`Roll back ${item.prompt} to ${item.back}`}
    >
      Roll back to {item.back}
    </ButtonLink>
  );
}
