import { Button, Group, Stack, Text, Textarea, Title } from "@mantine/core";
import { getHotkeyHandler } from "@mantine/hooks";
import { type FormEvent, useState } from "react";
import { commentRelease, type StandingShown as Standing } from "../../api";
import { useAct } from "../../shared/acting";
import { Moment } from "../../shared/Moment";
import { PersonName } from "../../shared/PersonName";
import { Problem } from "../../shared/Problem";

/** Approvals, the debt of an emergency, and what people said, in the order it happened. */
export function Said({ project, standing }: { project: string; standing: Standing }) {
  const { approvals, comments, review } = standing;
  // Which approvals count is asked only while it waits; afterwards the decision names them.
  const waits = standing.ended_at === null && standing.applied_at === null;
  const said = [
    ...approvals.map((one) => ({
      at: one.at,
      who: one.person,
      verb: waits && !one.counts ? "approved an earlier state" : "approved",
      text: one.meaning,
    })),
    ...comments.map((one) => ({ at: one.at, who: one.author, verb: "said", text: one.text })),
    ...(review
      ? [{ at: review.opened_at, who: review.opened_by, verb: "broke the glass", text: skipped(review.skipped) }]
      : []),
    ...(review?.closed_at
      ? [{ at: review.closed_at, who: review.closed_by ?? "", verb: "reviewed the emergency", text: review.comment }]
      : []),
  ].sort((a, b) => a.at.localeCompare(b.at));
  return (
    <section aria-labelledby="said">
      <Title order={2} id="said" mb="xs">
        Conversation
      </Title>
      {review && review.closed_at === null && (
        <Text size="sm" className="late" px="sm" py="xs" mb="sm">
          This emergency waits for a review by somebody else than <PersonName of={review.opened_by} />.
        </Text>
      )}
      {said.length > 0 && (
        <div className="panel lines">
          {said.map((one) => (
            <div key={`${one.at} ${one.who} ${one.verb}`} style={{ padding: "0.6rem 0.8rem" }}>
              <Text size="sm" c="dimmed">
                <PersonName of={one.who} /> {one.verb}, <Moment at={one.at} />
              </Text>
              <Text className="typed">{one.text}</Text>
            </div>
          ))}
        </div>
      )}
      <Comment project={project} standing={standing} />
    </section>
  );
}

const skipped = (rules: readonly string[]): string =>
  rules.length > 0 ? `Rules that were passed over: ${rules.join(", ")}.` : "No rule stood against it.";

function Comment({ project, standing }: { project: string; standing: Standing }) {
  const { act, busy, refusal } = useAct();
  const [text, setText] = useState("");
  const send = async (event?: FormEvent): Promise<void> => {
    event?.preventDefault();
    const path = { project, release_id: standing.id };
    if (text.trim() && (await act(() => commentRelease({ path, body: { text }, throwOnError: true })))) setText("");
  };
  return (
    <Stack component="form" onSubmit={send} gap="xs" mt="sm" className="no-print">
      <Textarea
        label="Say something"
        autosize
        minRows={2}
        maxLength={5000}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={getHotkeyHandler([["mod+Enter", () => void send()]])}
      />
      {refusal && <Problem refusal={refusal} />}
      <Group>
        <Button type="submit" variant="default" loading={busy} disabled={text.trim() === ""}>
          Say it
        </Button>
      </Group>
    </Stack>
  );
}
