import { Button, Code, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { createMyToken, listMyTokensOptions, revokeMyToken } from "../../api";
import { useAct } from "../../shared/acting";
import { Dialog } from "../../shared/Dialog";
import { EmptyState } from "../../shared/EmptyState";
import { Life } from "../../shared/Life";
import { Lines } from "../../shared/Line";
import { Loaded } from "../../shared/Loading";
import { SecretOnce } from "../../shared/SecretOnce";
import { ScopesChoice } from "../../shared/rights";
import { Token } from "../../shared/Token";

/** Tokens of one's own: for the command line and for scripts that act in one's name. */
export function Tokens() {
  const tokens = useQuery(listMyTokensOptions());
  const [making, setMaking] = useState(false);
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2}>Your tokens</Title>
        <Button variant="default" onClick={() => setMaking(true)}>
          New token
        </Button>
      </Group>
      {making && <NewToken onClose={() => setMaking(false)} />}
      <Loaded query={tokens}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title="You have no tokens.">
              A token lets the command line and scripts act in your name, with no more rights than you have. What runs
              without you takes a service token instead, on the page Keys.
            </EmptyState>
          ) : (
            <Lines label="Your tokens">
              {items.map((token) => (
                <Token
                  key={token.selector}
                  of={token}
                  revoke={() => revokeMyToken({ path: { selector: token.selector } })}
                >
                  {token.session && "Belongs to a sign-in, and ends with it."}
                </Token>
              ))}
            </Lines>
          )
        }
      </Loaded>
    </Stack>
  );
}

function NewToken({ onClose }: { onClose: () => void }) {
  const { act, busy, refusal } = useAct();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>([]);
  const [life, setLife] = useState<number | undefined>(30 * 86_400);
  const [secret, setSecret] = useState<string>();
  const make = async (): Promise<void> => {
    const body = { name, expires_in_s: life, scopes: scopes.length > 0 ? scopes : undefined };
    setSecret((await act(() => createMyToken({ body })))?.data?.token);
  };
  if (secret) {
    return (
      <SecretOnce title={`Your token ${name}`} secret={secret} onKept={onClose}>
        <Text size="sm">
          The command line reads it from <Code>CUEBOOK_TOKEN</Code>.
        </Text>
      </SecretOnce>
    );
  }
  return (
    <Dialog
      opened
      onClose={onClose}
      title="New token of yours"
      verb="Make the token"
      busy={busy}
      disabled={name.trim() === ""}
      refusal={refusal}
      onSend={make}
    >
      <TextInput
        label="Name"
        description="Where you use it."
        required
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        data-autofocus
      />
      <Life value={life} onChange={setLife} />
      <ScopesChoice value={scopes} onChange={setScopes} all="Nothing chosen: all that you may." />
    </Dialog>
  );
}
