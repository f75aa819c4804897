import { Button, Group, Text } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import {
  type ChangeShown,
  environmentAtOptions,
  environmentHistory,
  type EnvironmentShown,
  type RulesChangeShown,
} from "../../api";
import { useMay } from "../../frame/here";
import { Move } from "../../shared/Move";
import { EmptyState } from "../../shared/EmptyState";
import { Loading } from "../../shared/Loading";
import { Moment } from "../../shared/Moment";
import { PersonName } from "../../shared/PersonName";
import { Problem } from "../../shared/Problem";
import { RollbackLink } from "../../shared/RollbackLink";
import { WayBack } from "./WayBack";

const route = getRouteApi("/p/$project/environments/$environment");
const PAGE = 100;
const NAMED_MAX = 10;
const DID: Record<string, string> = {
  save: "saved",
  promote: "released",
  rollback: "rolled back",
  retire: "retired",
  recall: "recalled",
};

interface Place {
  project: string;
  stop: EnvironmentShown;
}

/** Every revision and every change of the rules, newest first; a revision can be taken back, and looked at as it was. */
export function History({ project, stop }: Place) {
  const { prompt } = route.useSearch();
  const query = useInfiniteQuery({
    queryKey: ["history", project, stop.name, prompt, stop.revision, stop.policy_revision],
    queryFn: async ({ pageParam }) => {
      const path = { project, environment: stop.name };
      const asked = { prompt, before: pageParam, limit: PAGE };
      return (await environmentHistory({ path, query: asked, throwOnError: true })).data;
    },
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => (page.next === null ? undefined : Number(page.next)),
  });
  if (query.error) return <Problem error={query.error} />;
  if (query.isPending) return <Loading />;
  const events = inOrder(
    query.data.pages.flatMap((page) => page.items),
    query.data.pages.flatMap((page) => page.rules),
  );
  return (
    <>
      {prompt && <OnlyOne project={project} stop={stop} prompt={prompt} />}
      {events.length === 0 ? (
        <EmptyState title="Nothing has changed here yet.">
          Every release and every change of the rules leaves a line here, with its reason.
        </EmptyState>
      ) : (
        <ol className="panel lines timeline" aria-label="Revisions">
          {events.map((event) =>
            "changes" in event ? (
              <Revision key={event.changes[0]!.revision} project={project} stop={stop} changes={event.changes} />
            ) : (
              <Rules key={`rules ${event.rules.at}`} project={project} change={event.rules} />
            ),
          )}
        </ol>
      )}
      {query.hasNextPage && (
        <Button variant="default" mt="md" loading={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
          Older
        </Button>
      )}
    </>
  );
}

type Event = { at: string; changes: ChangeShown[] } | { at: string; rules: RulesChangeShown };

/** What changed together as one, with the changes of the rules between. */
function inOrder(changes: readonly ChangeShown[], rules: readonly RulesChangeShown[]): Event[] {
  const found = new Map<number, ChangeShown[]>();
  for (const change of changes) found.set(change.revision, [...(found.get(change.revision) ?? []), change]);
  const events: Event[] = [
    ...rules.map((one) => ({ at: one.at, rules: one })),
    ...[...found.values()].map((one) => ({ at: one[0]!.at, changes: one })),
  ];
  return events.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

/** A change of the rules: what they said, and what they say since. */
function Rules({ project, change }: { project: string; change: RulesChangeShown }) {
  return (
    <li>
      <Text size="sm">
        <PersonName of={change.actor} /> changed the rules, <Moment at={change.at} />
        {change.release !== null && (
          <>
            {" · "}
            <Link to="/p/$project/releases/$release" params={{ project, release: String(change.release) }}>
              release {change.release}
            </Link>
          </>
        )}
      </Text>
      {change.reason && <Text className="typed">{change.reason}</Text>}
      <div className="diff">
        {change.went.map((sentence) => (
          <Text key={sentence} size="sm">
            <del>{sentence}</del>
          </Text>
        ))}
        {change.came.map((sentence) => (
          <Text key={sentence} size="sm">
            <ins>{sentence}</ins>
          </Text>
        ))}
      </div>
      {change.went.length + change.came.length === 0 && (
        <Text size="sm" c="dimmed">
          {change.rules.join(", ")}
        </Text>
      )}
    </li>
  );
}

function OnlyOne({ project, stop, prompt }: Place & { prompt: string }) {
  const may = useMay(project);
  const { data } = useQuery(
    environmentAtOptions({ path: { project, environment: stop.name }, query: { prompt: [prompt] } }),
  );
  const item = data?.items[0];
  return (
    <Group mb="md" mih={30} justify="space-between">
      <Text>
        Only <strong>{prompt}</strong>.{" "}
        <Link
          to="/p/$project/environments/$environment"
          params={{ project, environment: stop.name }}
          search={{ tab: "history" }}
        >
          Everything
        </Link>
      </Text>
      {!stop.tracks_latest && may("releases.rollback", stop.name) && item && (
        <WayBack project={project} environment={stop.name} item={item} />
      )}
    </Group>
  );
}

function Revision({ project, stop, changes }: Place & { changes: readonly ChangeShown[] }) {
  const may = useMay(project);
  const first = changes[0]!;
  const more = changes.length - NAMED_MAX;
  const back =
    !stop.tracks_latest && may("releases.rollback", stop.name) && changes.some((change) => change.before !== null);
  return (
    <li>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div style={{ minWidth: 0 }}>
          <Text size="sm">
            <strong>{first.revision}</strong> · <PersonName of={first.actor} /> {DID[first.cause] ?? first.cause},{" "}
            <Moment at={first.at} />
            {first.release !== null && (
              <>
                {" · "}
                <Link to="/p/$project/releases/$release" params={{ project, release: String(first.release) }}>
                  release {first.release}
                </Link>
              </>
            )}
            {" · "}
            <Link
              to="/p/$project/environments/$environment"
              params={{ project, environment: stop.name }}
              search={{ tab: "time", at: first.at }}
            >
              all of it then
            </Link>
          </Text>
          {first.reason && <Text className="typed">{first.reason}</Text>}
          {changes.slice(0, NAMED_MAX).map((change) => (
            <Change key={change.prompt} project={project} change={change} />
          ))}
          {more > 0 && <Text size="sm">and {more} more</Text>}
        </div>
        {back && (
          <RollbackLink
            project={project}
            environment={stop.name}
            what={{ revision: first.revision }}
            size="xs"
            label={`Take revision ${first.revision} back`}
          >
            Take back
          </RollbackLink>
        )}
      </Group>
    </li>
  );
}

/** One prompt's change, with the difference behind its numbers. */
function Change({ project, change }: { project: string; change: ChangeShown }) {
  return (
    <Text size="sm" style={{ overflowWrap: "anywhere" }}>
      <Link
        to="/p/$project/prompts/$name"
        params={{ project, name: change.prompt }}
        search={{
          version: change.after ?? undefined,
          against: change.after === null ? undefined : (change.before ?? undefined),
        }}
      >
        {change.prompt}
      </Link>{" "}
      <Move before={change.before} after={change.after} />
    </Text>
  );
}
