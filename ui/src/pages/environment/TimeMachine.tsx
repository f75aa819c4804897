import { Button, Checkbox, Group, Stack, Table, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { type EnvironmentShown, environmentAtOptions, type MomentShown } from "../../api";
import { useMay } from "../../frame/here";
import { EmptyState } from "../../shared/EmptyState";
import { Loaded } from "../../shared/Loading";
import { Moment } from "../../shared/Moment";
import { RollbackLink } from "../../shared/RollbackLink";
import { exact } from "../../shared/times";

const route = getRouteApi("/p/$project/environments/$environment");
const AGO: [string, number][] = [
  ["an hour ago", 3_600_000],
  ["yesterday", 86_400_000],
  ["a week ago", 7 * 86_400_000],
];

interface Place {
  project: string;
  stop: EnvironmentShown;
}

/** What the environment served at any moment, beside what it serves now. */
export function TimeMachine({ project, stop }: Place) {
  const { at } = route.useSearch();
  const navigate = route.useNavigate();
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const look = (moment: Date): void => {
    if (!Number.isNaN(moment.getTime()))
      void navigate({ search: { tab: "time", at: moment.toISOString() }, replace: true });
  };
  return (
    <Stack>
      <Group align="flex-end">
        <TextInput
          type="datetime-local"
          step={1}
          label={`Moment (${zone})`}
          value={at ? local(new Date(at)) : ""}
          onChange={(event) => look(new Date(event.currentTarget.value))}
        />
        {AGO.map(([label, ms]) => (
          <Button key={label} variant="default" onClick={() => look(new Date(Date.now() - ms))}>
            {label}
          </Button>
        ))}
      </Group>
      {at ? <Both project={project} stop={stop} at={at} /> : <Choose />}
    </Stack>
  );
}

const Choose = () => (
  <EmptyState title="Choose a moment.">
    Every change of an environment is kept, so what it served at any moment can be seen, compared and brought back.
  </EmptyState>
);

/** As the field wants it: the reader's own clock, without a zone. */
function local(moment: Date): string {
  if (Number.isNaN(moment.getTime())) return "";
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function Both({ project, stop, at }: Place & { at: string }) {
  const path = { project, environment: stop.name };
  const then = useQuery(environmentAtOptions({ path, query: { time: at } }));
  const now = useQuery(environmentAtOptions({ path }));
  return (
    <Loaded query={then}>
      {(old) => (
        <Loaded query={now}>{(current) => <Compared {...{ project, stop, at, then: old, now: current }} />}</Loaded>
      )}
    </Loaded>
  );
}

interface Row {
  prompt: string;
  then: number | null;
  now: number | null;
  since: string | null;
}

function rows(then: MomentShown, now: MomentShown): Row[] {
  const before = new Map(then.items.map((item) => [item.prompt, item]));
  const after = new Map(now.items.map((item) => [item.prompt, item.version]));
  return [...new Set([...before.keys(), ...after.keys()])].sort().map((prompt) => ({
    prompt,
    then: before.get(prompt)?.version ?? null,
    now: after.get(prompt) ?? null,
    since: before.get(prompt)?.since ?? null,
  }));
}

function Compared({ project, stop, at, then, now }: Place & { at: string; then: MomentShown; now: MomentShown }) {
  const may = useMay(project);
  const [differing, setDiffering] = useState(true);
  const all = rows(then, now);
  const apart = all.filter((row) => row.then !== row.now);
  const goesBack = apart.some((row) => row.then !== null);
  return (
    <Stack>
      <Group justify="space-between">
        <Text>
          {exact(new Date(at))}: revision {then.revision}. Now it is {now.revision};{" "}
          {apart.length === 0 ? "both serve the same." : `${apart.length} of ${all.length} prompts differ.`}
        </Text>
        {goesBack && !stop.tracks_latest && may("releases.rollback", stop.name) && (
          <RollbackLink project={project} environment={stop.name} what={{ time: at }}>
            Roll everything back to then
          </RollbackLink>
        )}
      </Group>
      <Checkbox
        label="Only what differs"
        checked={differing}
        onChange={(event) => setDiffering(event.currentTarget.checked)}
      />
      <Rows project={project} rows={differing ? apart : all} />
    </Stack>
  );
}

function Rows({ project, rows: shown }: { project: string; rows: readonly Row[] }) {
  if (shown.length === 0) return null;
  return (
    <Table.ScrollContainer minWidth={340}>
      <Table fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Prompt</Table.Th>
            <Table.Th>Then</Table.Th>
            <Table.Th>Now</Table.Th>
            <Table.Th>Since then live</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {shown.map((row) => (
            <Table.Tr key={row.prompt}>
              <Table.Th scope="row" className="name-of-line">
                <Link
                  to="/p/$project/prompts/$name"
                  params={{ project, name: row.prompt }}
                  search={{
                    version: row.now ?? row.then ?? undefined,
                    against: row.now && row.then && row.now !== row.then ? row.then : undefined,
                  }}
                >
                  {row.prompt}
                </Link>
              </Table.Th>
              <Table.Td>{row.then ?? "–"}</Table.Td>
              <Table.Td className={row.then === row.now ? undefined : "late"}>{row.now ?? "–"}</Table.Td>
              <Table.Td>{row.since && row.then !== null ? <Moment at={row.since} /> : "–"}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
