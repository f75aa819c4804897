import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { invite, type Invited, meOptions } from "../../api";
import { useAct } from "../../shared/acting";
import { Dialog } from "../../shared/Dialog";
import { Invitation } from "../../shared/Invitations";
import { Appointment, NOBODY } from "../../shared/rights";

/** Invites somebody to one project or to all. */
export function NewPerson({ onClose }: { onClose: () => void }) {
  const { act, busy, refusal } = useAct();
  const me = useQuery(meOptions());
  const [appointed, setAppointed] = useState(NOBODY);
  const [invited, setInvited] = useState<Invited>();
  const send = async (): Promise<void> => {
    const { login, role, where } = appointed;
    setInvited((await act(() => invite({ body: { login, grants: [{ role, project: where || null }] } })))?.data);
  };
  if (invited) return <Invitation of={invited} onKept={onClose} />;
  return (
    <Dialog
      opened
      onClose={onClose}
      title="Invite somebody"
      verb="Make the invitation"
      busy={busy}
      disabled={appointed.login.trim() === ""}
      refusal={refusal}
      onSend={send}
    >
      <Appointment of={appointed} onChange={setAppointed} places={me.data?.projects ?? []} all="every project" />
    </Dialog>
  );
}
