import { Code, Text, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useAct } from "./acting";
import { Dialog } from "./Dialog";
import { DAY_S, Life } from "./Life";
import { ScopesChoice } from "./rights";
import { SecretOnce } from "./SecretOnce";

/** What every token has; `scopes` left out: all that it may. */
export interface TokenWanted {
  name: string;
  expires_in_s: number | undefined;
  scopes: string[] | undefined;
}

interface Props {
  title: string;
  /** What its name is to say. */
  naming: string;
  /** What nothing chosen among the scopes means. */
  all: string;
  days: number;
  /** What else is chosen for it. */
  children?: ReactNode;
  make: (wanted: TokenWanted) => Promise<{ data?: { token: string } | undefined }>;
  onClose: () => void;
}

/** Makes a token and shows its secret once. */
export function NewToken({ title, naming, all, days, children, make, onClose }: Props) {
  const { act, busy, refusal } = useAct();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>([]);
  const [life, setLife] = useState<number | undefined>(days * DAY_S);
  const [secret, setSecret] = useState<string>();
  const send = async (): Promise<void> => {
    const wanted = { name, expires_in_s: life, scopes: scopes.length > 0 ? scopes : undefined };
    setSecret((await act(() => make(wanted)))?.data?.token);
  };
  if (secret) {
    return (
      <SecretOnce title={`The token ${name}`} secret={secret} onKept={onClose}>
        <Text size="sm">
          The command line and programs read it from <Code>CUEBOOK_TOKEN</Code>.
        </Text>
      </SecretOnce>
    );
  }
  return (
    <Dialog
      opened
      onClose={onClose}
      title={title}
      verb="Make the token"
      busy={busy}
      disabled={name.trim() === ""}
      refusal={refusal}
      onSend={send}
    >
      <TextInput
        label="Name"
        description={naming}
        required
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        data-autofocus
      />
      {children}
      <Life value={life} onChange={setLife} />
      <ScopesChoice value={scopes} onChange={setScopes} all={all} />
    </Dialog>
  );
}
