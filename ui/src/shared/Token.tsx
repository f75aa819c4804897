import { Button, Code, Text } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useAct } from "./acting";
import { Dialog } from "./Dialog";
import { Line } from "./Line";
import { Moment } from "./Moment";
import { isOver } from "./times";

interface Shown {
  selector: string;
  name: string;
  scopes: string[] | null;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}

/** A token of a machine or of oneself: what is known of it, and its end. */
export function Token({ of, children, revoke }: { of: Shown; children?: ReactNode; revoke: () => Promise<unknown> }) {
  const [open, setOpen] = useState(false);
  const over = isOver(of);
  const action = !over && (
    <Button variant="default" size="xs" onClick={() => setOpen(true)} aria-label={`Revoke ${of.name}`}>
      Revoke
    </Button>
  );
  const name = (
    <>
      <bdi>{of.name}</bdi> <Code>{of.selector}</Code>
    </>
  );
  return (
    <Line name={name} actions={action} over={over}>
      {children} Made <Moment at={of.created_at} />
      {of.last_used_at ? (
        <>
          , last used <Moment at={of.last_used_at} />
        </>
      ) : (
        ", never used"
      )}
      .{of.scopes && ` Only: ${of.scopes.join(", ")}.`}
      {of.revoked_at ? (
        <>
          {" "}
          Revoked <Moment at={of.revoked_at} />.
        </>
      ) : (
        of.expires_at && (
          <>
            {" "}
            Its end: <Moment at={of.expires_at} />.
          </>
        )
      )}
      {open && <Revoke name={of.name} revoke={revoke} onClose={() => setOpen(false)} />}
    </Line>
  );
}

function Revoke({ name, revoke, onClose }: { name: string; revoke: () => Promise<unknown>; onClose: () => void }) {
  const { act, busy, refusal } = useAct();
  const send = async (): Promise<void> => {
    if (await act(revoke, `${name} counts no more.`)) onClose();
  };
  return (
    <Dialog
      opened
      onClose={onClose}
      title={`Revoke ${name}?`}
      verb="Revoke"
      danger
      busy={busy}
      refusal={refusal}
      onSend={send}
    >
      <Text size="sm">It ends now, on every node, and never counts again.</Text>
    </Dialog>
  );
}
