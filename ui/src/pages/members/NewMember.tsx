import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { addMember, invite, type Invited, listEnvironmentsOptions } from "../../api";
import { useAct } from "../../shared/acting";
import { Dialog } from "../../shared/Dialog";
import { Invitation } from "../../shared/Invitations";
import { Appointment, NOBODY } from "../../shared/rights";

/** Gives somebody a role; whoever has no account yet is invited. */
export function NewMember({ project, onClose }: { project: string; onClose: () => void }) {
  const { act, busy, refusal } = useAct();
  const environments = useQuery(listEnvironmentsOptions({ path: { project } }));
  const [appointed, setAppointed] = useState(NOBODY);
  const [invited, setInvited] = useState<Invited>();
  const { login, role } = appointed;
  const environment = appointed.where || null;
  const add = async (): Promise<void> => {
    const done = await act(
      () => addMember({ path: { project }, body: { login, role, environment } }),
      `${login} is ${role} now.`,
    );
    if (done) onClose();
  };
  const ask = async (): Promise<void> => {
    setInvited((await act(() => invite({ body: { login, grants: [{ role, project, environment }] } })))?.data);
  };
  if (invited) return <Invitation of={invited} onKept={onClose} />;
  return (
    <Dialog
      opened
      onClose={onClose}
      title="Add somebody"
      verb="Give the role"
      busy={busy}
      disabled={login.trim() === ""}
      refusal={refusal}
      onSend={add}
    >
      <Appointment
        of={appointed}
        onChange={setAppointed}
        places={environments.data?.items.map(({ name }) => name) ?? []}
        all="the whole project"
      />
      {refusal?.status === 404 && (
        <Button variant="default" onClick={ask} loading={busy}>
          Invite {login}
        </Button>
      )}
    </Dialog>
  );
}
