import { Button, Group, Stack, Text } from "@mantine/core";
import type { DecisionShown } from "../../api";
import type { Ways } from "./ways";

export type Way = "now" | "propose" | "emergency";

interface Props {
  ways: Ways;
  kind: "promote" | "rollback" | "retire";
  decision: DecisionShown | undefined;
  ready: boolean;
  busy: boolean;
  reason: string;
  send: (way: Way) => void;
}

const NOW = { promote: "Release now", rollback: "Roll back now", retire: "Retire now" };

/** What one can do with what was put together: at once where the policy lets it in, else by asking, else past the policy. */
export function Buttons({ ways, kind, decision, ready, busy, reason, send }: Props) {
  const { acts, proposes, holdsHammer } = ways;
  // What was recalled is let in nowhere, not even in an emergency.
  const recalled = decision?.rules.some((rule) => rule.rule === "recalled" && !rule.passed);
  const breaks = holdsHammer && decision?.allowed === false && !recalled;
  const disabled = !ready || busy;
  return (
    <Stack gap="xs" align="flex-start">
      <Group>
        {acts && (
          <Button disabled={disabled || !decision?.allowed} loading={busy} onClick={() => send("now")}>
            {NOW[kind]}
          </Button>
        )}
        {proposes && !(acts && kind === "rollback") && (
          <Button
            variant={acts && decision?.allowed ? "default" : "filled"}
            disabled={disabled}
            onClick={() => send("propose")}
          >
            Propose it
          </Button>
        )}
        {breaks && (
          <Button
            variant="outline"
            color="red"
            disabled={disabled || reason.trim() === ""}
            onClick={() => send("emergency")}
          >
            Break the glass
          </Button>
        )}
      </Group>
      {breaks && (
        <Text size="sm" c="dimmed" className="prose">
          Breaking the glass releases at once, past the rules above. Whoever would have approved is told, and a review
          stays open until a colleague closes it.
        </Text>
      )}
    </Stack>
  );
}
