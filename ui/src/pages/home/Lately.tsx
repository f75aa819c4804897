import { Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ChangeShown, type EntryShown, listLatelyOptions } from "../../api";
import { useMay } from "../../frame/here";
import { Loaded } from "../../shared/Loading";
import { Moment } from "../../shared/Moment";
import { PersonName } from "../../shared/PersonName";

const DID: Record<string, string> = {
  save: "saved",
  promote: "released",
  rollback: "took back",
  retire: "retired",
  recall: "recalled",
};
const ENTRIES = 12;
const NAMED = 3;

/** What changed last, in every environment. */
export function Lately({ project }: { project: string }) {
  const query = useQuery({ ...listLatelyOptions({ path: { project } }), refetchInterval: 30_000 });
  return (
    <section aria-labelledby="lately" className="home-lately">
      <Title order={2} id="lately" mb="xs">
        Lately
      </Title>
      <Loaded query={query}>
        {({ items }) => (
          <div className="panel lines">
            {items.slice(0, ENTRIES).map((entry) => (
              <Entry key={`${entry.environment} ${entry.at} ${entry.cause}`} project={project} entry={entry} />
            ))}
          </div>
        )}
      </Loaded>
    </section>
  );
}

function Entry({ project, entry }: { project: string; entry: EntryShown }) {
  const may = useMay(project);
  const [back] = entry.takes_back;
  return (
    <div className="line">
      <Text size="sm">
        <PersonName of={entry.actor} /> {DID[entry.cause] ?? entry.cause}{" "}
        {entry.changes.slice(0, NAMED).map((change, at) => (
          <span key={change.prompt}>
            {at > 0 && ", "}
            <Change project={project} change={change} />
          </span>
        ))}
        {entry.count > NAMED && ` and ${entry.count - NAMED} more`} in {entry.environment}
      </Text>
      {entry.why.trim() && (
        <Text size="sm" className="typed" lineClamp={3}>
          {entry.why}
        </Text>
      )}
      <Text size="xs" c="dimmed">
        <Moment at={entry.at} />
        {entry.release !== null && (
          <>
            {" · "}
            <Link to="/p/$project/releases/$release" params={{ project, release: String(entry.release) }}>
              release {entry.release}
            </Link>
          </>
        )}
        {back !== undefined && may("releases.rollback", entry.environment) && (
          <>
            {" · "}
            <Link
              to="/p/$project/propose"
              params={{ project }}
              search={{ environment: entry.environment, prompt: back, kind: "rollback" }}
            >
              take it back
            </Link>
          </>
        )}
      </Text>
    </div>
  );
}

function Change({ project, change }: { project: string; change: ChangeShown }) {
  const versions =
    change.after === null ? "" : change.before ? ` ${change.before} → ${change.after}` : ` ${change.after}`;
  return (
    <Link
      to="/p/$project/prompts/$name"
      params={{ project, name: change.prompt }}
      search={{
        version: change.after ?? undefined,
        against: change.after === null ? undefined : (change.before ?? undefined),
      }}
    >
      {change.prompt}
      <span style={{ whiteSpace: "nowrap" }}>{versions}</span>
    </Link>
  );
}
