import { Button, Group, NativeSelect, SegmentedControl, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { listEnvironmentsOptions, listReleasesOptions, type ReleaseShown } from "../../api";
import { useMay } from "../../frame/here";
import { EmptyState } from "../../shared/EmptyState";
import { ButtonLink } from "../../shared/links";
import { Loaded } from "../../shared/Loading";
import { Moment } from "../../shared/Moment";
import { PageHeader } from "../../shared/PageHeader";
import { PersonName } from "../../shared/PersonName";
import { kindOf, ReleaseState } from "../../shared/ReleaseState";

const route = getRouteApi("/p/$project/releases");
const NAMED_MAX = 4;
const STATES = [
  { value: "", label: "All" },
  { value: "open", label: "Waiting" },
  { value: "applied", label: "Applied" },
  { value: "ended", label: "Not applied" },
];

/** Every release of the project, newest first. */
export function Page() {
  const { project } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay(project);
  const query = useQuery(listReleasesOptions({ path: { project }, query: { ...search, limit: 50 } }));
  const narrowed = search.environment !== undefined || search.state !== undefined || search.before !== undefined;
  return (
    <>
      <PageHeader
        title="Releases"
        actions={
          may("releases.propose") && (
            <ButtonLink to="/p/$project/propose" params={{ project }} search={{}}>
              New release
            </ButtonLink>
          )
        }
      >
        The only way a version reaches a pinned environment, each with its reason and what the policy said.
      </PageHeader>
      <Filters />
      <Loaded query={query}>
        {({ items, next }) =>
          items.length === 0 ? (
            <EmptyState
              title={narrowed ? "No such releases." : "Nothing was released yet."}
              {...(!narrowed && { command: 'cuebook promote support.triage --to staging -m "Why"' })}
            >
              {narrowed ? (
                <Link to="/p/$project/releases" params={{ project }} search={{}}>
                  Show all
                </Link>
              ) : (
                <p>A save changes no pinned environment. A release does: it says which versions, where, and why.</p>
              )}
            </EmptyState>
          ) : (
            <>
              <div className="panel lines">
                {items.map((release) => (
                  <Row key={release.id} project={project} release={release} />
                ))}
              </div>
              {next && (
                <Button
                  variant="default"
                  mt="md"
                  onClick={() => navigate({ search: { ...search, before: Number(next) } })}
                >
                  Older
                </Button>
              )}
            </>
          )
        }
      </Loaded>
    </>
  );
}

function Filters() {
  const { project } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data } = useQuery(listEnvironmentsOptions({ path: { project } }));
  const stops = data?.items.filter((stop) => !stop.tracks_latest).map((stop) => stop.name) ?? [];
  return (
    <Group mb="md" align="flex-end">
      <NativeSelect
        label="Environment"
        data={[{ value: "", label: "all" }, ...stops]}
        value={search.environment ?? ""}
        onChange={(event) => {
          const environment = event.currentTarget.value || undefined;
          void navigate({ search: { ...search, environment, before: undefined }, replace: true });
        }}
      />
      <SegmentedControl
        aria-label="State"
        data={STATES}
        value={search.state ?? ""}
        onChange={(state) =>
          navigate({
            search: { ...search, state: (state || undefined) as "open" | undefined, before: undefined },
            replace: true,
          })
        }
      />
    </Group>
  );
}

function Row({ project, release }: { project: string; release: ReleaseShown }) {
  const more = release.items.length - NAMED_MAX;
  return (
    <div style={{ padding: "0.6rem 0.8rem" }}>
      <Group justify="space-between" wrap="nowrap" gap="sm" align="flex-start">
        <Text style={{ overflowWrap: "anywhere" }}>
          <Link to="/p/$project/releases/$release" params={{ project, release: String(release.id) }}>
            {kindOf(release)} {release.id}
          </Link>{" "}
          {release.kind === "promote" ? "to" : "in"} {release.environment}
          {release.items.length > 0 && ": "}
          {release.items
            .slice(0, NAMED_MAX)
            .map((item) => `${item.prompt} ${item.version ?? ""}`.trim())
            .join(", ")}
          {more > 0 && ` and ${more} more`}
        </Text>
        <ReleaseState state={release.state} />
      </Group>
      <Text size="sm" className="typed" lineClamp={2}>
        {release.reason}
      </Text>
      <Text size="xs" c="dimmed">
        <PersonName of={release.author} />, <Moment at={release.applied_at ?? release.created_at} />
        {release.revision !== null && ` · revision ${release.revision}`}
      </Text>
    </div>
  );
}
