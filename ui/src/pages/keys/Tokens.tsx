import { Button, Code, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { createToken, listTokensOptions, revokeToken, type TokenShown } from "../../api";
import { useAct } from "../../shared/acting";
import { Dialog } from "../../shared/Dialog";
import { EmptyState } from "../../shared/EmptyState";
import { Life } from "../../shared/Life";
import { Lines } from "../../shared/Line";
import { Loaded } from "../../shared/Loading";
import { SecretOnce } from "../../shared/SecretOnce";
import { type Role, RoleChoice, ScopesChoice } from "../../shared/rights";
import { Token } from "../../shared/Token";

/** Service tokens: what CI, agents and other machines change the registry with. */
export function Tokens(props: { project: string; making: boolean; make: (yes: boolean) => void }) {
  const { project, making, make } = props;
  const tokens = useQuery(listTokensOptions({ path: { project } }));
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2}>Service tokens</Title>
        <Button variant="default" onClick={() => make(true)}>
          New service token
        </Button>
      </Group>
      <Text size="sm" c="dimmed" className="prose">
        For CI and agents, which change things by the API. A token never does more than whoever answers for it may now,
        and no token gets round a policy.
      </Text>
      {making && <NewToken project={project} onClose={() => make(false)} />}
      <Loaded query={tokens}>{(found) => <List project={project} tokens={found.items} />}</Loaded>
    </Stack>
  );
}

function List({ project, tokens }: { project: string; tokens: readonly TokenShown[] }) {
  if (tokens.length === 0) {
    return (
      <EmptyState title="No machine works here yet." command="cuebook tokens create ci --role author">
        Make a token for each job, narrowed to what it does.
      </EmptyState>
    );
  }
  return (
    <Lines label="Service tokens">
      {tokens.map((token) => (
        <Token
          key={token.selector}
          of={token}
          revoke={() => revokeToken({ path: { project, selector: token.selector } })}
        >
          {token.role}
          {token.owner && (
            <>
              , answered for by <bdi>{token.owner}</bdi>
            </>
          )}
          .
        </Token>
      ))}
    </Lines>
  );
}

function NewToken({ project, onClose }: { project: string; onClose: () => void }) {
  const { act, busy, refusal } = useAct();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("author");
  const [scopes, setScopes] = useState<string[]>([]);
  const [life, setLife] = useState<number | undefined>(90 * 86_400);
  const [secret, setSecret] = useState<string>();
  const make = async (): Promise<void> => {
    const body = { name, role, expires_in_s: life, scopes: scopes.length > 0 ? scopes : undefined };
    setSecret((await act(() => createToken({ path: { project }, body })))?.data?.token);
  };
  if (secret) {
    return (
      <SecretOnce title={`The token of ${name}`} secret={secret} onKept={onClose}>
        <Text size="sm">
          The command line and the API read it from <Code>CUEBOOK_TOKEN</Code>.
        </Text>
      </SecretOnce>
    );
  }
  return (
    <Dialog
      opened
      onClose={onClose}
      title="New service token"
      verb="Make the token"
      busy={busy}
      disabled={name.trim() === ""}
      refusal={refusal}
      onSend={make}
    >
      <TextInput
        label="Name"
        description="What uses it."
        required
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        data-autofocus
      />
      <RoleChoice value={role} onChange={setRole} />
      <Life value={life} onChange={setLife} />
      <ScopesChoice value={scopes} onChange={setScopes} all="Nothing chosen: all that the role may." />
    </Dialog>
  );
}
