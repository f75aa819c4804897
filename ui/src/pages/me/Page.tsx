import { Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type GrantHeld, listMyTokensOptions, listSessionsOptions, meOptions } from "../../api";
import { Loaded, Together } from "../../shared/Loading";
import { PageHeader } from "../../shared/PageHeader";
import { rightOf } from "../../shared/rights";
import { Password } from "./Password";
import { Sessions } from "./Sessions";
import { Tokens } from "./Tokens";

/** What one settles for oneself. */
export function Page() {
  const me = useQuery(meOptions());
  return (
    <>
      <PageHeader title="Your account">
        {me.data && (
          <>
            You are <bdi>{me.data.principal}</bdi>. {rights(me.data.grants)}
          </>
        )}
      </PageHeader>
      <Loaded query={me}>
        {(found) =>
          found.person === null ? (
            <Text>This is nobody's own credential: sessions, tokens and passwords belong to people.</Text>
          ) : (
            <Own />
          )
        }
      </Loaded>
    </>
  );
}

function Own() {
  const queries = [useQuery(listSessionsOptions()), useQuery(listMyTokensOptions())];
  return (
    <Together queries={queries}>
      <Stack gap="xl">
        <Sessions />
        <Tokens />
        <Password />
      </Stack>
    </Together>
  );
}

const rights = (grants: readonly GrantHeld[]): string =>
  grants
    .map(rightOf)
    .join(", ")
    .replace(/^./, (letter) => letter.toUpperCase())
    .replace(/.$/, (letter) => `${letter}.`);
