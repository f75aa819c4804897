import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import {
  applyRelease,
  approveRelease,
  closeReview,
  type StandingShown as Standing,
  declineRelease,
  rebaseRelease,
  type Refusal,
  scheduleRelease,
  unscheduleRelease,
  withdrawRelease,
} from "../../api";
import { useAct } from "../../shared/acting";
import { ConfirmWithReason } from "../../shared/ConfirmWithReason";
import { ButtonLink } from "../../shared/links";
import { Problem } from "../../shared/Problem";
import { RollbackLink } from "../../shared/RollbackLink";
import { Revise } from "./Revise";

type Deed = Standing["deeds"][number];
type Asking = "approve" | "decline" | "withdraw" | "review";

interface Asked {
  verb: string;
  title: string;
  label: string;
  danger?: boolean;
  optional?: boolean;
}

const ASKED: Record<Asking, Asked> = {
  approve: { verb: "Approve", title: "Approve exactly what it would change now", label: "What your approval means" },
  decline: { verb: "Decline", title: "End it with a no", label: "Why", danger: true },
  withdraw: { verb: "Withdraw", title: "Take your proposal back", label: "Why", optional: true },
  review: { verb: "Close the review", title: "Close the review of the emergency", label: "What you found" },
};

/** What whoever looks can do with the release, as the API offers it. */
export function Deeds({ project, standing }: { project: string; standing: Standing }) {
  const { act, busy, refusal, forget } = useAct();
  const [asking, setAsking] = useState<Asking>();
  const [revising, setRevising] = useState(false);
  const go = useNavigate();
  const can = (deed: Deed): boolean => standing.deeds.includes(deed);
  const path = { project, release_id: standing.id };
  if (standing.deeds.length === 0) return null;

  const ask = (next: Asking): void => {
    forget();
    setAsking(next);
  };
  const rebase = async (): Promise<void> => {
    const made = await act(() => rebaseRelease({ path, throwOnError: true }), "Taken up again.");
    if (made) await go({ to: "/p/$project/releases/$release", params: { project, release: String(made.data.id) } });
  };
  return (
    <section aria-label="What you can do">
      <Stack gap="sm">
        <Group gap="xs">
          {can("approve") && (
            <Button variant={can("apply") ? "default" : "filled"} onClick={() => ask("approve")}>
              Approve
            </Button>
          )}
          {can("apply") && (
            <Button loading={busy} onClick={() => act(() => applyRelease({ path, throwOnError: true }), "Applied.")}>
              Apply now
            </Button>
          )}
          {can("rebase") && (
            <Button loading={busy} onClick={rebase}>
              Take it up again
            </Button>
          )}
          {can("review") && <Button onClick={() => ask("review")}>Close the review</Button>}
          {can("decline") && (
            <Button variant="default" onClick={() => ask("decline")}>
              Decline
            </Button>
          )}
          {can("revise") && (
            <Button variant="default" onClick={() => setRevising(true)}>
              Revise
            </Button>
          )}
          {can("withdraw") && (
            <Button variant="default" onClick={() => ask("withdraw")}>
              Withdraw
            </Button>
          )}
          <Elsewhere project={project} standing={standing} />
        </Group>
        {can("schedule") && <Schedule project={project} standing={standing} />}
        {refusal && !asking && <Problem refusal={refusal} />}
      </Stack>
      {asking && (
        <Ask
          {...{ standing, asking, busy, refusal }}
          close={() => setAsking(undefined)}
          send={async (text) => {
            if (await act(() => SENT[asking](path, text))) setAsking(undefined);
          }}
        />
      )}
      {revising && <Revise project={project} standing={standing} close={() => setRevising(false)} />}
    </section>
  );
}

const SENT: Record<Asking, (path: { project: string; release_id: number }, text: string) => Promise<unknown>> = {
  approve: (path, meaning) => approveRelease({ path, body: { meaning }, throwOnError: true }),
  decline: (path, reason) => declineRelease({ path, body: { reason }, throwOnError: true }),
  withdraw: (path, reason) => withdrawRelease({ path, body: { reason }, throwOnError: true }),
  review: (path, text) => closeReview({ path, body: { text }, throwOnError: true }),
};

interface AskProps {
  standing: Standing;
  asking: Asking;
  busy: boolean;
  refusal: Refusal | undefined;
  close: () => void;
  send: (text: string) => void;
}

function Ask({ standing, asking, busy, refusal, close, send }: AskProps) {
  return (
    <ConfirmWithReason {...ASKED[asking]} opened onClose={close} busy={busy} refusal={refusal} onConfirm={send}>
      {asking === "approve" && (
        <Text size="sm">
          Your name stands for {standing.items.length === 1 ? "this change" : `these ${standing.items.length} changes`}{" "}
          of {standing.environment}, and for nothing else: if anything of it changes, it counts no more.
        </Text>
      )}
    </ConfirmWithReason>
  );
}

/** What has a form of its own. */
function Elsewhere({ project, standing }: { project: string; standing: Standing }) {
  const kind = standing.kind === "policy" ? undefined : (standing.kind as "promote" | "rollback" | "retire");
  const { environment } = standing;
  return (
    <>
      {standing.deeds.includes("break_glass") && (
        <ButtonLink
          variant="outline"
          color="red"
          to="/p/$project/propose"
          params={{ project }}
          search={{ environment, kind, release: standing.id }}
        >
          Break the glass …
        </ButtonLink>
      )}
      {standing.deeds.includes("roll_back") && standing.revision !== null && (
        <RollbackLink project={project} environment={environment} what={{ revision: standing.revision }}>
          Take it back …
        </RollbackLink>
      )}
    </>
  );
}

/** When it is to be applied; on the clock of whoever says so. */
function Schedule({ project, standing }: { project: string; standing: Standing }) {
  const { act, busy, refusal } = useAct();
  const [local, setLocal] = useState("");
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const path = { project, release_id: standing.id };
  return (
    <>
      <Group gap="xs" align="flex-end">
        <TextInput
          type="datetime-local"
          label={`Apply it at a moment (${zone})`}
          value={local}
          onChange={(event) => setLocal(event.currentTarget.value)}
        />
        <Button
          variant="default"
          loading={busy}
          disabled={local === ""}
          onClick={() =>
            act(() => scheduleRelease({ path, body: { at: `${local}[${zone}]` }, throwOnError: true }), "Scheduled.")
          }
        >
          Schedule
        </Button>
        {standing.deeds.includes("unschedule") && (
          <Button
            variant="default"
            onClick={() => act(() => unscheduleRelease({ path, throwOnError: true }), "It waits for people again.")}
          >
            Take the moment back
          </Button>
        )}
      </Group>
      {refusal && <Problem refusal={refusal} />}
    </>
  );
}
