import { List, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type FetchersShown, listDependentsOptions, listFetchesOptions, type PromptShown } from "../../api";
import { Loaded } from "../../shared/Loading";
import { Moment } from "../../shared/Moment";

/** Who uses a prompt: the keys that fetch it, and the prompts that include it. */
export function Dependents({ project, prompt }: { project: string; prompt: PromptShown }) {
  const path = { project, name: prompt.name };
  const fetches = useQuery(listFetchesOptions({ path }));
  const dependents = useQuery(listDependentsOptions({ path }));
  return (
    <Stack gap="xl">
      <Part title="Keys that fetched it within the last 30 days">
        <Loaded query={fetches}>{(found) => <Fetchers found={found} />}</Loaded>
      </Part>
      <Part title="Prompts that include it">
        <Loaded query={dependents}>
          {({ items }) =>
            items.length === 0 ? (
              <Text c="dimmed">No prompt's newest version includes it.</Text>
            ) : (
              <List spacing={4}>
                {items.map((one) => (
                  <List.Item key={one.prompt} style={{ overflowWrap: "anywhere" }}>
                    <Link to="/p/$project/prompts/$name" params={{ project, name: one.prompt }}>
                      {one.prompt}
                    </Link>{" "}
                    v{one.version} holds v{one.locked}
                    {one.locked < prompt.latest && `, the newest is v${prompt.latest}`}
                  </List.Item>
                ))}
              </List>
            )
          }
        </Loaded>
      </Part>
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <Title order={2} mb="xs">
        {title}
      </Title>
      {children}
    </section>
  );
}

function Fetchers({ found }: { found: FetchersShown }) {
  return (
    <Stack gap="xs">
      {found.noted_since && (
        <Text size="sm" c="dimmed">
          What was fetched before <Moment at={found.noted_since} /> is not known.
        </Text>
      )}
      {found.items.length === 0 ? (
        <Text c="dimmed">None that is known of. A fetch shows here within two minutes.</Text>
      ) : (
        <Table.ScrollContainer minWidth={360}>
          <Table className="panel">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Environment</Table.Th>
                <Table.Th>Key</Table.Th>
                <Table.Th>What it took</Table.Th>
                <Table.Th>Last</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {found.items.map((one) => (
                <Table.Tr key={`${one.selector} ${one.by_name}`}>
                  <Table.Td style={{ overflowWrap: "anywhere" }}>{one.environment}</Table.Td>
                  <Table.Td style={{ overflowWrap: "anywhere" }}>
                    <bdi>{one.key}</bdi>
                  </Table.Td>
                  <Table.Td>{one.by_name ? "this prompt, by its name" : "everything the environment serves"}</Table.Td>
                  <Table.Td>
                    <Moment at={one.at} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Stack>
  );
}
