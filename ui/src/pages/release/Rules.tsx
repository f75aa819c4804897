import { Code, Table, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type StandingShown as Standing, getEnvironmentOptions } from "../../api";

/** A change of the policy: each rule as it is and as it would be. */
export function Rules({ project, standing }: { project: string; standing: Standing }) {
  const path = { project, environment: standing.environment };
  const { data } = useQuery(getEnvironmentOptions({ path }));
  const waits = standing.applied_at === null && standing.ended_at === null;
  return (
    <section aria-labelledby="rules">
      <Title order={2} id="rules" mb="xs">
        The rules it changes
      </Title>
      <Table className="diff" fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Rule</Table.Th>
            {waits && <Table.Th>Is</Table.Th>}
            <Table.Th>Becomes</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {Object.entries(standing.policy ?? {}).map(([rule, value]) => (
            <Table.Tr key={rule}>
              <Table.Th scope="row">{rule}</Table.Th>
              {waits && (
                <Table.Td>
                  <Code>{JSON.stringify(data?.policy[rule] ?? null)}</Code>
                </Table.Td>
              )}
              <Table.Td>
                <Code>{JSON.stringify(value)}</Code>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}
