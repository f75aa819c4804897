import { Button, Group, Stack, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { createMyToken, listMyTokensOptions, revokeMyToken } from "../../api";
import { EmptyState } from "../../shared/EmptyState";
import { Lines } from "../../shared/Line";
import { Loaded } from "../../shared/Loading";
import { NewToken } from "../../shared/NewToken";
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
      {making && (
        <NewToken
          title="New token of yours"
          naming="Where you use it."
          all="Nothing chosen: all that you may."
          days={30}
          make={(body) => createMyToken({ body })}
          onClose={() => setMaking(false)}
        />
      )}
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
