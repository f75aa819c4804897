import { Button, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type InvitationShown, type Invited, listInvitationsOptions, withdrawInvitation } from "../api";
import { useAct } from "./acting";
import { Dialog } from "./Dialog";
import { Line, Lines } from "./Line";
import { Moment } from "./Moment";
import { PersonName } from "./PersonName";
import { rightOf } from "./rights";
import { SecretOnce } from "./SecretOnce";

/** An invitation's link. It is handed over by whoever made it: no mail is sent. */
export function Invitation({ of, onKept }: { of: Invited; onKept: () => void }) {
  return (
    <SecretOnce
      title={`The invitation of ${of.login}`}
      secret={`${location.origin}/invitation#${of.secret}`}
      onKept={onKept}
    >
      <Text size="sm" component="div">
        Hand this link over yourself: Cuebook sends no mail. It counts once, and ends <Moment at={of.expires_at} />.
      </Text>
    </SecretOnce>
  );
}

/** Who was invited and has not come yet: to one project, or anywhere. Nothing is shown where nobody is. */
export function OpenInvitations({ project }: { project?: string }) {
  const { data } = useQuery(listInvitationsOptions());
  const [withdrawing, setWithdrawing] = useState<InvitationShown>();
  const open = (data?.items ?? []).filter(
    ({ grants }) => project === undefined || grants.some((grant) => grant.project === project),
  );
  if (open.length === 0) return null;
  return (
    <Stack gap="xs" mt={project === undefined ? 0 : "xl"}>
      <Title order={2}>Open invitations</Title>
      <Text size="sm" c="dimmed" className="prose">
        They wait for whoever holds the link, which is not shown again. Withdraw one that went astray, and invite anew.
      </Text>
      <Lines label="Open invitations">
        {open.map((one) => (
          <Open key={one.id} of={one} onWithdraw={() => setWithdrawing(one)} />
        ))}
      </Lines>
      {withdrawing && <Withdraw of={withdrawing} onClose={() => setWithdrawing(undefined)} />}
    </Stack>
  );
}

function Open({ of, onWithdraw }: { of: InvitationShown; onWithdraw: () => void }) {
  const action = (
    <Button variant="default" size="xs" onClick={onWithdraw} aria-label={`Withdraw the invitation of ${of.login}`}>
      Withdraw
    </Button>
  );
  return (
    <Line name={<PersonName of={of.login} />} actions={action} over={!of.counts}>
      To be {of.grants.map(rightOf).join(", ")}. Made by <PersonName of={of.invited_by} /> <Moment at={of.created_at} />
      , ends <Moment at={of.expires_at} />.{" "}
      {!of.counts && "It counts no more: whoever made it has lost the right to. Withdraw it, and invite anew."}
    </Line>
  );
}

function Withdraw({ of, onClose }: { of: InvitationShown; onClose: () => void }) {
  const { act, busy, refusal } = useAct();
  const send = async (): Promise<void> => {
    const path = { invitation: of.id };
    if (await act(() => withdrawInvitation({ path }), `The invitation of ${of.login} counts no more.`)) onClose();
  };
  return (
    <Dialog
      opened
      onClose={onClose}
      title={`Withdraw the invitation of ${of.login}?`}
      verb="Withdraw"
      danger
      busy={busy}
      refusal={refusal}
      onSend={send}
    >
      <Text size="sm">Its link counts no more, whoever holds it. You may invite them again.</Text>
    </Dialog>
  );
}
