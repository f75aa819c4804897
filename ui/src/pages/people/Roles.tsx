import { Text } from "@mantine/core";
import { useState } from "react";
import { type GrantHeld, giveRole, takeRole } from "../../api";
import { useAct } from "../../shared/acting";
import { Dialog } from "../../shared/Dialog";
import { type Role, RoleChoice } from "../../shared/rights";

/** Somebody who gets a role in every project, or from whom one (`taking`) is taken. */
export interface Giving {
  login: string;
  taking?: GrantHeld;
}

export function Roles({ login, taking, onClose }: Giving & { onClose: () => void }) {
  return taking ? <Take login={login} taking={taking} onClose={onClose} /> : <Give login={login} onClose={onClose} />;
}

function Give({ login, onClose }: { login: string; onClose: () => void }) {
  const { act, busy, refusal } = useAct();
  const [role, setRole] = useState<Role>("viewer");
  const send = async (): Promise<void> => {
    if (await act(() => giveRole({ path: { login }, body: { role } }), `${login} is ${role} everywhere now.`))
      onClose();
  };
  return (
    <Dialog
      opened
      onClose={onClose}
      title={`A role in every project: ${login}`}
      verb="Give the role"
      busy={busy}
      refusal={refusal}
      onSend={send}
    >
      <Text size="sm">
        It counts in every project, those that come later too. An admin of every project looks after the whole instance.
        For a role in one project, go to its page Members.
      </Text>
      <RoleChoice value={role} onChange={setRole} />
    </Dialog>
  );
}

function Take({ login, taking, onClose }: { login: string; taking: GrantHeld; onClose: () => void }) {
  const { act, busy, refusal } = useAct();
  const query = { role: taking.role as Role, environment: taking.environment ?? undefined };
  const send = async (): Promise<void> => {
    if (await act(() => takeRole({ path: { login }, query }), `${login} is no ${taking.role} any more.`)) onClose();
  };
  return (
    <Dialog
      opened
      onClose={onClose}
      title={`Take ${taking.role} from ${login}?`}
      verb="Take the role"
      danger
      busy={busy}
      refusal={refusal}
      onSend={send}
    >
      <Text size="sm">It ends with the next request. Roles in single projects stay.</Text>
    </Dialog>
  );
}
