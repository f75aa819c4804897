import { Text } from "@mantine/core";
import { useState } from "react";
import { removeWebhook, rotateWebhook, type WebhookShown } from "../../api";
import { useAct } from "../../shared/acting";
import { Dialog } from "../../shared/Dialog";
import { DAY_S, Overlap } from "../../shared/Life";
import { SigningSecret } from "./NewWebhook";

export interface Change {
  of: WebhookShown;
  what: "rotate" | "remove";
}

/** A webhook that gets a new secret, or is removed. */
export function Changing({ what, ...props }: Change & { project: string; onClose: () => void }) {
  return what === "rotate" ? <Rotate {...props} /> : <Remove {...props} />;
}

interface Props {
  of: WebhookShown;
  project: string;
  onClose: () => void;
}

function Rotate({ of, project, onClose }: Props) {
  const { act, busy, refusal } = useAct();
  const [overlap, setOverlap] = useState(DAY_S);
  const [secret, setSecret] = useState<string>();
  const rotate = async (): Promise<void> => {
    const path = { project, webhook: of.id };
    setSecret((await act(() => rotateWebhook({ path, body: { overlap_s: overlap } })))?.data?.secret);
  };
  if (secret) return <SigningSecret title={`The new secret of ${of.name}`} secret={secret} onKept={onClose} />;
  return (
    <Dialog
      opened
      onClose={onClose}
      title={`A new secret for ${of.name}`}
      verb="Make the secret"
      busy={busy}
      refusal={refusal}
      onSend={rotate}
    >
      <Text size="sm">Every message is signed by both while you carry the new one to the receiver.</Text>
      <Overlap value={overlap} onChange={setOverlap} />
    </Dialog>
  );
}

function Remove({ of, project, onClose }: Props) {
  const { act, busy, refusal } = useAct();
  const remove = async (): Promise<void> => {
    const path = { project, webhook: of.id };
    if (await act(() => removeWebhook({ path }), `${of.name} is told nothing any more.`)) onClose();
  };
  return (
    <Dialog
      opened
      onClose={onClose}
      title={`Remove ${of.name}?`}
      verb="Remove"
      danger
      busy={busy}
      refusal={refusal}
      onSend={remove}
    >
      <Text size="sm">
        It is told nothing any more, not even what waits, and its log is forgotten. To hold it back for a while, pause
        it.
      </Text>
    </Dialog>
  );
}
