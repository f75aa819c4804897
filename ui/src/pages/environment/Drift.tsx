import { Group, NativeSelect, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { compareEnvironmentsOptions, type DriftShown, type EnvironmentShown, listEnvironmentsOptions } from "../../api";
import { useMay } from "../../frame/here";
import { DecisionList } from "../../shared/DecisionList";
import { EmptyState } from "../../shared/EmptyState";
import { ButtonLink } from "../../shared/links";
import { Loaded } from "../../shared/Loading";

const route = getRouteApi("/p/$project/environments/$environment");

interface Place {
  project: string;
  stop: EnvironmentShown;
}

/** Where another environment differs from this one, and what would become of this one if that were released into it. */
export function Drift({ project, stop }: Place) {
  const query = useQuery(listEnvironmentsOptions({ path: { project } }));
  return (
    <Loaded query={query}>
      {({ items }) => <Against project={project} stop={stop} others={items.filter((one) => one.name !== stop.name)} />}
    </Loaded>
  );
}

function Against({ project, stop, others }: Place & { others: readonly EnvironmentShown[] }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const source = typeof stop.policy.comes_from === "string" ? stop.policy.comes_from : others[0]?.name;
  const against = search.against ?? source ?? "";
  const query = useQuery({
    ...compareEnvironmentsOptions({ path: { project }, query: { from: against, to: stop.name } }),
    enabled: against !== "",
  });
  if (against === "") return <EmptyState title="There is no other environment." />;
  return (
    <Stack>
      <NativeSelect
        label="Compared with"
        data={others.map((one) => one.name)}
        value={against}
        onChange={(event) => navigate({ search: { tab: "drift", against: event.currentTarget.value }, replace: true })}
        maw="16rem"
      />
      <Loaded query={query}>{(drift) => <Differences {...{ project, stop, against, drift }} />}</Loaded>
    </Stack>
  );
}

function Differences({ project, stop, against, drift }: Place & { against: string; drift: DriftShown }) {
  const may = useMay(project);
  const promotion = drift.promotion;
  if (drift.items.length === 0) return <EmptyState title={`${against} and ${stop.name} serve the same.`} />;
  return (
    <Stack>
      <Group justify="space-between">
        <Text>
          {drift.items.length === 1 ? "One prompt differs." : `${drift.items.length} prompts differ.`}{" "}
          <Text span c="dimmed">
            What is said of each leads from {stop.name} to {against}.
          </Text>
        </Text>
        {promotion && (may("releases.propose", stop.name) || may("releases.apply", stop.name)) && (
          <ButtonLink
            to="/p/$project/propose"
            params={{ project }}
            search={{ environment: stop.name, from: against }}
            variant="default"
          >
            Release all of it to {stop.name}
          </ButtonLink>
        )}
      </Group>
      <Rows {...{ project, stop, against, drift }} />
      {promotion && (
        <section aria-label={`What the policy of ${stop.name} says`}>
          <Text size="sm" c="dimmed" mb={4}>
            If all of it were released to {stop.name} now, with a reason:
          </Text>
          <DecisionList decision={promotion.decision} />
        </section>
      )}
    </Stack>
  );
}

function Rows({ project, stop, against, drift }: Place & { against: string; drift: DriftShown }) {
  return (
    <Table fz="sm">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w="100%">Prompt</Table.Th>
          <Table.Th>{stop.name}</Table.Th>
          <Table.Th>{against}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {drift.items.map((row) => (
          <Table.Tr key={row.prompt}>
            <Table.Th scope="row" className="name-of-line">
              <Link
                to="/p/$project/prompts/$name"
                params={{ project, name: row.prompt }}
                search={{
                  version: row.from_version ?? row.to_version ?? undefined,
                  against: row.from_version && row.to_version ? row.to_version : undefined,
                }}
              >
                {row.prompt}
              </Link>
              <Text size="xs" c="dimmed" fw="normal" className="typed">
                {row.summary.join("; ")}
              </Text>
            </Table.Th>
            <Table.Td>{row.to_version ?? "–"}</Table.Td>
            <Table.Td>{row.from_version ?? "–"}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
