import { Badge, Button, Code, Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { endSession, listSessionsOptions, revokeAll, type SessionListed, signInAddress } from "../../api";
import { useAct } from "../../shared/acting";
import { Dialog } from "../../shared/Dialog";
import { Line, Lines } from "../../shared/Line";
import { Loaded } from "../../shared/Loading";
import { Moment } from "../../shared/Moment";
import { Problem } from "../../shared/Problem";

/** Where one is signed in. */
export function Sessions() {
  const sessions = useQuery(listSessionsOptions());
  const { act, busy, refusal } = useAct();
  const [leaving, setLeaving] = useState(false);
  const end = (session: SessionListed): void =>
    void act(() => endSession({ path: { session: session.session } }), "The session has ended.");
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2}>Where you are signed in</Title>
        <Button variant="default" onClick={() => setLeaving(true)}>
          Sign out everywhere
        </Button>
      </Group>
      {refusal && <Problem refusal={refusal} />}
      <Loaded query={sessions}>
        {({ items }) => (
          <Lines label="Sessions">
            {items.map((session) => (
              <Session key={session.session} of={session} busy={busy} onEnd={() => end(session)} />
            ))}
          </Lines>
        )}
      </Loaded>
      {leaving && <SignOutEverywhere onClose={() => setLeaving(false)} />}
    </Stack>
  );
}

function Session({ of, busy, onEnd }: { of: SessionListed; busy: boolean; onEnd: () => void }) {
  const name = (
    <Group gap="xs">
      <Code>{of.session}</Code>
      {of.current && (
        <Badge variant="default" radius="sm" tt="none">
          this one
        </Badge>
      )}
    </Group>
  );
  const action = !of.current && (
    <Button variant="default" size="xs" disabled={busy} onClick={onEnd} aria-label={`End the session ${of.session}`}>
      End
    </Button>
  );
  return (
    <Line name={name} actions={action}>
      Begun <Moment at={of.created_at} />, seen <Moment at={of.seen_at} />. It ends <Moment at={of.expires_at} /> at the
      latest.
    </Line>
  );
}

function SignOutEverywhere({ onClose }: { onClose: () => void }) {
  const { act, busy, refusal } = useAct();
  const send = async (): Promise<void> => {
    if (await act(() => revokeAll({ body: {} }))) location.assign(signInAddress());
  };
  return (
    <Dialog
      opened
      onClose={onClose}
      title="Sign out everywhere?"
      verb="Sign out everywhere"
      danger
      busy={busy}
      refusal={refusal}
      onSend={send}
    >
      <Text size="sm">Every session of yours ends now, this one too. Your tokens go on; revoke those below.</Text>
    </Dialog>
  );
}
