import { Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useMay } from "../../frame/here";
import { useAct } from "../../shared/acting";
import { DecisionList } from "../../shared/DecisionList";
import { Problem } from "../../shared/Problem";
import { release, useWeighed } from "../propose/weigh";
import { type Rules, ruleChange } from "./rules";

interface Props {
  project: string;
  environment: string;
  policy: Partial<Rules>;
  verb: string;
  /** Called when it is done, or proposed. */
  done: () => void;
}

/** Asks why, shows what the policy that stands says of the change, and makes it, or proposes it where others must approve. */
export function Change({ project, environment, policy, verb, done }: Props) {
  const [reason, setReason] = useState("");
  const [asked] = useDebouncedValue(reason, 300);
  const may = useMay(project);
  const { act, busy, refusal } = useAct();
  const go = useNavigate();
  const query = useWeighed(project, ruleChange(environment, policy, asked), true);
  const ready = query.data && !query.isPlaceholderData && asked === reason && !query.error;
  const allowed = query.data?.decision.allowed ?? false;

  const send = async (propose: boolean): Promise<void> => {
    const body = { ...ruleChange(environment, policy, reason.trim()), propose };
    const made = await act(() => release(project, body), propose ? "Proposed." : "The rules have changed.");
    if (!made) return;
    done();
    if (propose) await go({ to: "/p/$project/releases/$release", params: { project, release: String(made.id) } });
  };
  return (
    <Stack>
      <Textarea
        label="Why"
        description="It stands in the history and in the audit."
        autosize
        minRows={2}
        maxLength={2000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {query.error ? <Problem refusal={query.error} /> : query.data && <DecisionList decision={query.data.decision} />}
      {refusal && <Problem refusal={refusal} />}
      <Group>
        <Button disabled={!ready || !allowed} loading={busy} onClick={() => send(false)}>
          {verb}
        </Button>
        {may("releases.propose", environment) && !allowed && (
          <Button disabled={!ready} loading={busy} onClick={() => send(true)}>
            Propose it
          </Button>
        )}
      </Group>
      {ready && !allowed && reason.trim() !== "" && (
        <Text size="sm" c="dimmed">
          Rules that ask for approvals are protected by them: a change of them is proposed, and approved as a release
          is.
        </Text>
      )}
    </Stack>
  );
}
