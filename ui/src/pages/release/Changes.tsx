import { Button, Group, SegmentedControl, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type StandingShown as Standing, diffRelease, type ItemDiffShown, queries } from "../../api";
import { ChangedItem } from "../../shared/ChangedItem";
import { Difference } from "../../shared/Difference";
import { Problem } from "../../shared/Problem";
import { Whole, wholeOptions } from "../prompt/Whole";

const route = getRouteApi("/p/$project/releases/$release");
const OPEN_MAX = 3;
const PAGE = 20;

/** What every item changes; with what is shown of it from the start, so that nothing moves when it is drawn. */
export function useChanges(project: string, standing: Standing) {
  return useInfiniteQuery({
    queryKey: ["release-diff", project, standing.id, standing.state],
    queryFn: async ({ pageParam }) => {
      const path = { project, release_id: standing.id };
      const { data } = await diffRelease({ path, query: { after: pageParam, limit: PAGE }, throwOnError: true });
      const whole = data.items.length <= OPEN_MAX ? data.items.filter((item) => !item.against_live) : [];
      for (const { prompt, version } of whole) {
        if (version !== null) await queries.prefetchQuery(wholeOptions(project, prompt, version));
      }
      return data;
    },
    initialPageParam: 0,
    getNextPageParam: (page) => (page.next === null ? undefined : Number(page.next)),
    // Its state changes while one looks: what it changes stays to be read.
    placeholderData: (before, of) => (of?.queryKey[2] === standing.id ? before : undefined),
    enabled: !standing.policy,
  });
}

/** Every item, held against what it replaces, or against what lived there longest: small steps add up unseen. */
export function Changes({ project, standing }: { project: string; standing: Standing }) {
  const search = route.useSearch();
  const query = useChanges(project, standing);
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const longest = search.against === "longest";
  return (
    <section aria-labelledby="changes">
      <Group justify="space-between" mb="xs">
        <Title order={2} id="changes">
          {standing.items.length === 1 ? "What it changes" : `What it changes: ${standing.items.length} prompts`}
        </Title>
        <Views longest={items.some((item) => item.longest !== null && item.longest !== item.live)} />
      </Group>
      {query.error && <Problem error={query.error} />}
      <div className="panel lines">
        {items.map((item) => (
          <ChangedItem
            key={item.prompt}
            project={project}
            prompt={item.prompt}
            move={{ before: longest ? (item.longest ?? item.live) : item.live, after: item.version }}
            open={items.length <= OPEN_MAX}
          >
            {() => <Item project={project} item={item} longest={longest} side={search.view === "side"} />}
          </ChangedItem>
        ))}
      </div>
      {query.hasNextPage && (
        <Button variant="default" mt="xs" onClick={() => query.fetchNextPage()} loading={query.isFetchingNextPage}>
          More
        </Button>
      )}
    </section>
  );
}

function Item(props: { project: string; item: ItemDiffShown; longest: boolean; side: boolean }) {
  const { project, item, longest, side } = props;
  const diff = longest ? (item.against_longest ?? item.against_live) : item.against_live;
  if (!diff) return <Whole project={project} prompt={item.prompt} version={item.version} />;
  return (
    <>
      {longest && item.longest !== null && (
        <Text size="sm" c="dimmed" mb="xs">
          Held against version {item.longest}, which was live there {days(item.longest_days)} of the last 90 days.
        </Text>
      )}
      <Difference of={diff} side={side} />
    </>
  );
}

const days = (count: number): string => (count < 1 ? "less than one" : String(Math.round(count)));

/** What the items are held against, and how that is shown: in the address, so that it can be shared. */
function Views({ longest }: { longest: boolean }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Group gap="xs">
      {longest && (
        <SegmentedControl
          size="xs"
          aria-label="Held against"
          data={[
            { value: "live", label: "What is live" },
            { value: "longest", label: "What lived longest" },
          ]}
          value={search.against ?? "live"}
          onChange={(against) => navigate({ search: { ...search, against: against as "live" }, replace: true })}
        />
      )}
      <SegmentedControl
        size="xs"
        aria-label="How"
        data={[
          { value: "inline", label: "Inline" },
          { value: "side", label: "Side by side" },
        ]}
        value={search.view ?? "inline"}
        onChange={(view) => navigate({ search: { ...search, view: view as "side" }, replace: true })}
      />
    </Group>
  );
}
