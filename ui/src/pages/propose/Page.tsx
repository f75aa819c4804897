import { NativeSelect, SegmentedControl, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type EnvironmentShown, listEnvironmentsOptions } from "../../api";
import { EmptyState } from "../../shared/EmptyState";
import { Loaded, Loading } from "../../shared/Loading";
import { PageHeader } from "../../shared/PageHeader";
import { Problem } from "../../shared/Problem";
import { useBeginning } from "./begin";
import { useWays } from "./ways";
import { Composer } from "./Composer";

const route = getRouteApi("/p/$project/propose");
const KINDS = [
  { value: "promote", label: "Release" },
  { value: "rollback", label: "Roll back" },
  { value: "retire", label: "Retire" },
];
const TITLES = { promote: "Release to", rollback: "Roll back", retire: "Retire from" };

/** A change of an environment: put together, weighed by its policy while one does so, then done or proposed. */
export function Page() {
  const { project } = route.useParams();
  const search = route.useSearch();
  const kind = search.kind ?? "promote";
  const query = useQuery(listEnvironmentsOptions({ path: { project } }));
  const stops = query.data?.items.filter((stop) => !stop.tracks_latest) ?? [];
  const environment = search.environment ?? stops.at(-1)?.name ?? "";
  return (
    <>
      <PageHeader title={environment ? `${TITLES[kind]} ${environment}` : "Release"}>
        {kind === "rollback"
          ? "Identical bytes come back. It needs a reason, no deploy and no approval."
          : "The policy is asked while you write. Nothing happens before you press a button."}
      </PageHeader>
      <Loaded query={query}>
        {() => (
          <>
            <Choices stops={stops} environment={environment} />
            <Begun
              key={JSON.stringify([search, environment])}
              environment={environment}
              source={sourceOf(stops, environment)}
            />
          </>
        )}
      </Loaded>
    </>
  );
}

function Choices({ stops, environment }: { stops: readonly EnvironmentShown[]; environment: string }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  if (stops.length === 0) return <Text>Every environment here tracks latest: nothing is released.</Text>;
  return (
    <Group mb="lg" align="flex-end">
      <NativeSelect
        label="Environment"
        data={stops.map((stop) => stop.name)}
        value={environment}
        onChange={(event) => navigate({ search: { ...search, environment: event.currentTarget.value }, replace: true })}
      />
      <SegmentedControl
        aria-label="What it does"
        data={KINDS}
        value={search.kind ?? "promote"}
        onChange={(kind) =>
          navigate({ search: { environment, prompt: search.prompt, kind: kind as "promote" }, replace: true })
        }
      />
    </Group>
  );
}

function Begun({ environment, source }: { environment: string; source: string | undefined }) {
  const { project } = route.useParams();
  const search = route.useSearch();
  const ways = useWays(project, environment, search.kind ?? "promote");
  const { found, error } = useBeginning(project, { ...search, environment });
  if (environment === "") return null;
  if (ways === undefined) return <Loading />;
  if (!ways.any) {
    return (
      <EmptyState title={`You may not release to ${environment}.`}>
        A releaser applies, an author proposes; an admin of the project gives such a role.{" "}
        <Link to="/p/$project/releases" params={{ project }} search={{ environment }}>
          What was released there
        </Link>
      </EmptyState>
    );
  }
  if (error) return <Problem error={error} />;
  if (!found) return <Loading />;
  return (
    <Composer
      project={project}
      environment={environment}
      source={source}
      kind={search.kind ?? "promote"}
      ways={ways}
      time={search.kind === "rollback" ? search.time : undefined}
      beginning={found}
    />
  );
}

/** Where versions must have run before they come to an environment. */
function sourceOf(stops: readonly EnvironmentShown[], environment: string): string | undefined {
  const source = stops.find((stop) => stop.name === environment)?.policy["comes_from"];
  // What tracks latest has every version already.
  return stops.some((stop) => stop.name === source) ? String(source) : undefined;
}
