import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useDeferredValue, useState } from "react";
import { type EnvironmentShown, environmentAtOptions, type ServedShown } from "../../api";
import { useMay } from "../../frame/here";
import { EmptyState } from "../../shared/EmptyState";
import { Loaded } from "../../shared/Loading";
import { Moment } from "../../shared/Moment";
import { PersonName } from "../../shared/PersonName";
import { WayBack } from "./WayBack";

const route = getRouteApi("/p/$project/environments/$environment");
const SHOWN_MAX = 200;

/** What the environment serves now, and the way back of each prompt. */
export function Live({ project, stop }: { project: string; stop: EnvironmentShown }) {
  const query = useQuery({
    ...environmentAtOptions({ path: { project, environment: stop.name } }),
    refetchInterval: 30_000,
  });
  return (
    <Loaded query={query}>
      {({ items }) => {
        const live = items.filter((item) => item.version !== null);
        return live.length === 0 ? (
          <Nothing project={project} stop={stop} />
        ) : (
          <Table {...{ project, stop, items: live }} />
        );
      }}
    </Loaded>
  );
}

function Nothing({ project, stop }: { project: string; stop: EnvironmentShown }) {
  return (
    <EmptyState
      title={`${stop.name} serves nothing yet.`}
      command={
        stop.tracks_latest
          ? "cuebook save support.triage prompt.txt"
          : `cuebook promote support.triage --to ${stop.name} -m "Why"`
      }
    >
      {stop.tracks_latest ? (
        <p>The first version that somebody saves is served here at once.</p>
      ) : (
        <p>
          A version comes here by a release.{" "}
          <Link to="/p/$project/propose" params={{ project }} search={{ environment: stop.name }}>
            Release the first
          </Link>
          .
        </p>
      )}
    </EmptyState>
  );
}

function Table({ project, stop, items }: { project: string; stop: EnvironmentShown; items: readonly ServedShown[] }) {
  const { prompt = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const [all, setAll] = useState(false);
  const letters = useDeferredValue(prompt.toLowerCase());
  const found = items.filter((item) => item.prompt.includes(letters));
  const shown = all ? found : found.slice(0, SHOWN_MAX);
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <TextInput
          aria-label="Filter by name"
          placeholder="Letters of a name"
          value={prompt}
          onChange={(event) => navigate({ search: { prompt: event.currentTarget.value || undefined }, replace: true })}
        />
        <Text size="sm" c="dimmed" role="status">
          {found.length === items.length ? `${items.length} prompts` : `${found.length} of ${items.length} prompts`}
        </Text>
      </Group>
      <div className="panel lines">
        {shown.map((item) => (
          <Row key={item.prompt} project={project} stop={stop} item={item} />
        ))}
      </div>
      {shown.length < found.length && (
        <Button variant="default" onClick={() => setAll(true)}>
          Show all {found.length}
        </Button>
      )}
    </Stack>
  );
}

function Row({ project, stop, item }: { project: string; stop: EnvironmentShown; item: ServedShown }) {
  const may = useMay(project);
  return (
    <Group justify="space-between" wrap="nowrap" px="sm" py={6} align="flex-start">
      <div style={{ minWidth: 0 }}>
        <Text style={{ overflowWrap: "anywhere" }}>
          <Link
            to="/p/$project/prompts/$name"
            params={{ project, name: item.prompt }}
            search={{ version: item.version ?? undefined }}
          >
            {item.prompt}
          </Link>{" "}
          <strong>{item.version}</strong>
        </Text>
        <Text size="xs" c="dimmed" lineClamp={1}>
          <PersonName of={item.actor} />, <Moment at={item.since} />
          {item.reason && `: ${item.reason}`}
        </Text>
      </div>
      {!stop.tracks_latest && may("releases.rollback", stop.name) && (
        <WayBack project={project} environment={stop.name} item={item} />
      )}
    </Group>
  );
}
