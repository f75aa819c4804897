import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { createToken, listTokensOptions, revokeToken, type TokenShown } from "../../api";
import { EmptyState } from "../../shared/EmptyState";
import { Lines } from "../../shared/Line";
import { Loaded } from "../../shared/Loading";
import { NewToken } from "../../shared/NewToken";
import { type Role, RoleChoice } from "../../shared/rights";
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
      {making && <NewServiceToken project={project} onClose={() => make(false)} />}
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

function NewServiceToken({ project, onClose }: { project: string; onClose: () => void }) {
  const [role, setRole] = useState<Role>("author");
  return (
    <NewToken
      title="New service token"
      naming="What uses it."
      all="Nothing chosen: all that the role may."
      days={90}
      make={(wanted) => createToken({ path: { project }, body: { ...wanted, role } })}
      onClose={onClose}
    >
      <RoleChoice value={role} onChange={setRole} />
    </NewToken>
  );
}
