import { Text } from "@mantine/core";
import { useState } from "react";
import { type KeyShown, revokeKey, rotateKey } from "../../api";
import { useAct } from "../../shared/acting";
import { Dialog } from "../../shared/Dialog";
import { DAY_S, Overlap } from "../../shared/Life";
import { Moment } from "../../shared/Moment";
import { SecretOnce } from "../../shared/SecretOnce";

export interface Change {
  of: KeyShown;
  what: "rotate" | "revoke";
}

/** A key that is being rotated or revoked. */
export function Changing({ what, ...props }: Change & { project: string; onClose: () => void }) {
  return what === "rotate" ? <Rotate {...props} /> : <Revoke {...props} />;
}

function Rotate({ of, project, onClose }: { of: KeyShown; project: string; onClose: () => void }) {
  const { act, busy, refusal } = useAct();
  const [overlap, setOverlap] = useState(DAY_S);
  const [secret, setSecret] = useState<string>();
  const rotate = async (): Promise<void> => {
    const made = await act(() => rotateKey({ path: { project, selector: of.selector }, body: { overlap_s: overlap } }));
    setSecret(made?.data?.key);
  };
  if (secret) return <SecretOnce title={`The new key of ${of.name}`} secret={secret} onKept={onClose} />;
  return (
    <Dialog
      opened
      onClose={onClose}
      title={`Rotate ${of.name}`}
      verb="Rotate"
      busy={busy}
      refusal={refusal}
      onSend={rotate}
    >
      <Text size="sm">
        A new key takes its place, with the same environment and networks. Both count while you carry the new one to the
        application; afterwards the old one ends by itself.
      </Text>
      <Overlap value={overlap} onChange={setOverlap} />
    </Dialog>
  );
}

function Revoke({ of, project, onClose }: { of: KeyShown; project: string; onClose: () => void }) {
  const { act, busy, refusal } = useAct();
  const revoke = async (): Promise<void> => {
    const done = await act(() => revokeKey({ path: { project, selector: of.selector } }), `${of.name} counts no more.`);
    if (done) onClose();
  };
  return (
    <Dialog
      opened
      onClose={onClose}
      title={`Revoke ${of.name}?`}
      verb="Revoke"
      danger
      busy={busy}
      refusal={refusal}
      onSend={revoke}
    >
      <Text size="sm">
        The key ends within seconds, on every node, and never counts again. What still reads with it goes on with what
        it holds and hears of no release any more. To change a key without that, rotate it.
      </Text>
      <Text size="sm">
        {of.last_used_at ? (
          <>
            It was last used <Moment at={of.last_used_at} />.
          </>
        ) : (
          "It was never used."
        )}
      </Text>
    </Dialog>
  );
}
