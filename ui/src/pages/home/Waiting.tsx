import { Group, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { listReviewsOptions, listWaitingOptions, type ReviewShown, type WaitingShown } from "../../api";
import { Moment } from "../../shared/Moment";
import { PersonName } from "../../shared/PersonName";

const DEEDS: Record<WaitingShown["deed"], string> = {
  approve: "waits for your approval",
  apply: "is approved: apply it",
  rebase: "is stale: take it up again",
  wait: "is yours, and waits for others",
};
const ITEMS_NAMED = 2;

/** What waits for whoever looks, emergencies first. Nothing is shown where nothing waits. */
export function Waiting({ project }: { project: string }) {
  const path = { project };
  const reviews = useQuery({ ...listReviewsOptions({ path }), refetchInterval: 30_000 }).data?.items ?? [];
  const waiting = useQuery({ ...listWaitingOptions({ path }), refetchInterval: 30_000 }).data?.items ?? [];
  if (reviews.length + waiting.length === 0) return null;
  return (
    <section aria-labelledby="waiting" className="home-waiting">
      <Title order={2} id="waiting" mb="xs">
        Waits for you
      </Title>
      <div className="panel lines">
        {reviews.map((review) => (
          <Review key={review.release} project={project} review={review} />
        ))}
        {waiting.map((one) => (
          <Release key={one.release.id} project={project} waiting={one} />
        ))}
      </div>
    </section>
  );
}

function Review({ project, review }: { project: string; review: ReviewShown }) {
  return (
    <div className="line late">
      <Link to="/p/$project/releases/$release" params={{ project, release: String(review.release) }} className="plain">
        Emergency {review.release} in {review.environment} needs a review
      </Link>
      <Text size="xs">
        <PersonName of={review.opened_by} /> broke the glass <Moment at={review.opened_at} />.
      </Text>
    </div>
  );
}

function Release({ project, waiting }: { project: string; waiting: WaitingShown }) {
  const { release, deed } = waiting;
  const names = release.items.map((item) => item.prompt);
  const more = names.length - ITEMS_NAMED;
  return (
    <div className="line">
      <Group justify="space-between" gap="xs">
        <Link to="/p/$project/releases/$release" params={{ project, release: String(release.id) }} className="plain">
          Release {release.id} to {release.environment} {DEEDS[deed]}
        </Link>
      </Group>
      <Text size="sm" className="typed" lineClamp={2}>
        {release.reason}
      </Text>
      <Text size="xs" c="dimmed">
        {names.slice(0, ITEMS_NAMED).join(", ")}
        {more > 0 && ` and ${more} more`} · <PersonName of={release.author} />, <Moment at={release.created_at} />
      </Text>
    </div>
  );
}
