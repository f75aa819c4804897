import { NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { invite, type Invited, meOptions } from "../../api";
import { useAct } from "../../shared/acting";
import { Dialog } from "../../shared/Dialog";
import { type Role, RoleChoice } from "../../shared/rights";
import { Invitation } from "../members/NewMember";

/** Invites somebody to one project or to all. */
export function NewPerson({ onClose }: { onClose: () => void }) {
  const { act, busy, refusal } = useAct();
  const me = useQuery(meOptions());
  const [login, setLogin] = useState("");
  const [role, setRole] = useState<Role>("author");
  const [project, setProject] = useState("");
  const [invited, setInvited] = useState<Invited>();
  const send = async (): Promise<void> => {
    setInvited((await act(() => invite({ body: { login, grants: [{ role, project: project || null }] } })))?.data);
  };
  if (invited) return <Invitation of={invited} onKept={onClose} />;
  return (
    <Dialog
      opened
      onClose={onClose}
      title="Invite somebody"
      verb="Make the invitation"
      busy={busy}
      disabled={login.trim() === ""}
      refusal={refusal}
      onSend={send}
    >
      <TextInput
        label="Login"
        description="Written like an e-mail address."
        required
        maxLength={254}
        value={login}
        onChange={(event) => setLogin(event.currentTarget.value)}
        data-autofocus
      />
      <RoleChoice value={role} onChange={setRole} />
      <NativeSelect
        label="Where"
        data={[{ value: "", label: "every project" }, ...(me.data?.projects ?? [])]}
        value={project}
        onChange={(event) => setProject(event.currentTarget.value)}
      />
    </Dialog>
  );
}
