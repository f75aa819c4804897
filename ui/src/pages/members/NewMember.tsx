import { Button, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { addMember, invite, type Invited, listEnvironmentsOptions } from "../../api";
import { useAct } from "../../shared/acting";
import { Dialog } from "../../shared/Dialog";
import { Moment } from "../../shared/Moment";
import { EnvironmentChoice, type Role, RoleChoice } from "../../shared/rights";
import { SecretOnce } from "../../shared/SecretOnce";

/** Gives somebody a role; whoever has no account yet is invited. */
export function NewMember({ project, onClose }: { project: string; onClose: () => void }) {
  const { act, busy, refusal } = useAct();
  const environments = useQuery(listEnvironmentsOptions({ path: { project } }));
  const [login, setLogin] = useState("");
  const [role, setRole] = useState<Role>("author");
  const [where, setWhere] = useState("");
  const [invited, setInvited] = useState<Invited>();
  const environment = where || null;
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
      <EnvironmentChoice
        environments={environments.data?.items.map(({ name }) => name) ?? []}
        all="the whole project"
        value={where}
        onChange={setWhere}
      />
      {refusal?.status === 404 && (
        <Button variant="default" onClick={ask} loading={busy}>
          Invite {login}
        </Button>
      )}
    </Dialog>
  );
}

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
