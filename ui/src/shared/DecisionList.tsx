import { Group, List, Stack, Text } from "@mantine/core";
import type { DecisionShown } from "../api";

/**
 * What the policy says: every rule with its verdict, those that fail first. Nothing here is worked out in the browser. `over`:
 * nothing can become of it any more.
 */
export function DecisionList({ decision, over = false }: { decision: DecisionShown; over?: boolean }) {
  const rules = [...decision.rules].sort((a, b) => Number(a.passed) - Number(b.passed));
  return (
    <Stack gap="xs">
      <Text fw={600} c={decision.allowed ? undefined : "var(--late-ink)"}>
        {decision.allowed && (over ? "Every rule let it in." : "Every rule lets it in.")}
        {!decision.allowed && (over ? "This was missing:" : "Not yet. This is missing:")}
      </Text>
      <List listStyleType="none" spacing={4} aria-label="Rules of the policy">
        {rules.map((rule) => (
          <List.Item key={`${rule.rule} ${rule.sentence}`}>
            <Group gap="xs" wrap="nowrap" align="flex-start">
              <Text span size="sm" className={`verdict ${rule.passed ? "newest" : "late"}`}>
                {rule.passed ? "yes" : "no"}
              </Text>
              <Text className="typed" size="sm">
                {rule.sentence}
              </Text>
            </Group>
          </List.Item>
        ))}
      </List>
    </Stack>
  );
}
