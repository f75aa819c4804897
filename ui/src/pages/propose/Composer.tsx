import { Checkbox, Stack, Text, Textarea, Title } from "@mantine/core";
import { getHotkeyHandler, useDebouncedValue } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { ItemIn, ReleaseIn, WeighedShown } from "../../api";
import { useAct } from "../../shared/acting";
import { DecisionList } from "../../shared/DecisionList";
import { MOD } from "../../shared/keys";
import { TextLink } from "../../shared/links";
import { Loading } from "../../shared/Loading";
import { Problem } from "../../shared/Problem";
import { Buttons, type Way } from "./Buttons";
import type { Beginning } from "./begin";
import { AddPrompt, Items } from "./Items";
import type { Ways } from "./ways";
import { release, useWeighed } from "./weigh";

interface Props {
  project: string;
  environment: string;
  kind: "promote" | "rollback" | "retire";
  /** Where versions come from on their way here, when the policy says so. */
  source: string | undefined;
  time: string | undefined;
  ways: Ways;
  beginning: Beginning;
}

const DONE: Record<Way, string> = {
  now: "Done.",
  propose: "Proposed.",
  emergency: "Done, past the policy. A colleague has to review it.",
};

/** The form: what moves, why, what the policy says of it, and what one can do then. */
export function Composer({ project, environment, source, kind, time, ways, beginning }: Props) {
  const [items, setItems] = useState<ItemIn[]>(beginning.items);
  const [reason, setReason] = useState(beginning.reason ?? "");
  const [shrinkMeant, setShrinkMeant] = useState(false);
  const [asked] = useDebouncedValue(reason, 300);
  const wanted: ReleaseIn = { environment, kind, items: time ? [] : items, time, shrink_meant: shrinkMeant };
  const moves = items.length > 0 || time !== undefined;
  const query = useWeighed(project, { ...wanted, reason: asked }, moves);
  const weighed = query.error || !moves ? undefined : query.data;
  const { act, busy, refusal } = useAct();
  const go = useNavigate();

  const send = async (way: Way): Promise<void> => {
    if (!weighed || busy) return;
    // Exactly what is shown: what has moved meanwhile is refused, not overwritten.
    const body = { environment, kind, items: weighed.items, reason: reason.trim(), shrink_meant: shrinkMeant };
    const flags = { propose: way === "propose", emergency: way === "emergency" };
    const made = await act(() => release(project, { ...body, ...flags }), DONE[way]);
    if (made) await go({ to: "/p/$project/releases/$release", params: { project, release: String(made.id) } });
  };
  // What was written last has not been weighed yet.
  const ready = weighed !== undefined && !query.isPlaceholderData && asked === reason;
  const [hurried, setHurried] = useState(false);
  useEffect(() => {
    if (!hurried || !(ready || query.error)) return;
    setHurried(false);
    if (ways.acts && weighed?.decision.allowed) void send("now");
    else if (!ways.acts && ways.proposes) void send("propose");
  }, [hurried, ready, query.error]);
  const elsewhereFirst =
    query.error?.code === "not_released_here" ||
    weighed?.decision.rules.some(({ rule, passed }) => rule === "comes_from" && !passed);
  // All of the form comes at once: what was drawn before the first answer would move.
  const [drawn, setDrawn] = useState(!moves);
  if (!drawn && (query.data || query.error)) setDrawn(true);
  // One writes why at once, and still sees first what changes.
  const why = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (drawn && moves) why.current?.focus({ preventScroll: true });
  }, [drawn]);
  const shrunk = weighed?.decision.rules.some((rule) => rule.rule === "shrink_guard");

  if (!drawn) return <Loading />;
  return (
    <Stack maw="52rem" gap="lg">
      <Items project={project} weighed={weighed} items={items} change={time ? undefined : setItems} />
      {beginning.kept.length > 0 && (
        <Text size="sm" className="typed">
          New with that revision, and left as it is: {beginning.kept.join(", ")}. Retire it if it must go.
        </Text>
      )}
      {!time && <AddPrompt project={project} taken={items} add={(prompt) => setItems([...items, { prompt }])} />}
      <Textarea
        ref={why}
        label="Why"
        description={`It stands in the history and in the audit. ${MOD} Enter sends.`}
        autosize
        minRows={2}
        maxLength={2000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        onKeyDown={getHotkeyHandler([["mod+Enter", () => setHurried(moves)]])}
      />
      {query.error && <Problem refusal={query.error} />}
      {weighed && <Weighed weighed={weighed} />}
      {elsewhereFirst && source && (
        <TextLink
          to="/p/$project/propose"
          params={{ project }}
          search={{ environment: source, prompt: items[0]?.prompt, version: items[0]?.version ?? undefined }}
        >
          Release it to {source} first
        </TextLink>
      )}
      {shrunk && (
        <Checkbox
          label="The text is meant to shrink"
          checked={shrinkMeant}
          onChange={(event) => setShrinkMeant(event.currentTarget.checked)}
        />
      )}
      {refusal && <Problem refusal={refusal} />}
      <Buttons
        ways={ways}
        kind={kind}
        decision={weighed?.decision}
        ready={ready}
        busy={busy}
        reason={reason}
        send={send}
      />
    </Stack>
  );
}

function Weighed({ weighed }: { weighed: WeighedShown }) {
  return (
    <Stack component="section" gap="xs" aria-labelledby="policy">
      <Title order={2} id="policy">
        What the policy of {weighed.environment} says
      </Title>
      <DecisionList decision={weighed.decision} />
      {weighed.notes.map((note) => (
        <Text key={note} size="sm" className="late typed" px="xs" py={2}>
          {note}
        </Text>
      ))}
    </Stack>
  );
}
