import { Button, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { listNoticesInfiniteOptions, type NoticeShown, readNotices } from "../../api";
import { useAct } from "../../shared/acting";
import { EmptyState } from "../../shared/EmptyState";
import { Line, Lines } from "../../shared/Line";
import { Loading } from "../../shared/Loading";
import { Moment } from "../../shared/Moment";
import { PageHeader } from "../../shared/PageHeader";
import { Problem } from "../../shared/Problem";

/** What one should know, newest first. */
export function Page() {
  const { act, busy, refusal } = useAct();
  const notices = useInfiniteQuery({
    ...listNoticesInfiniteOptions({ query: { limit: 50 } }),
    initialPageParam: { query: {} },
    getNextPageParam: ({ next }) => (next === null ? undefined : { query: { before: Number(next) } }),
  });
  const items = notices.data?.pages.flatMap((page) => page.items) ?? [];
  const newest = items[0];
  const unread = notices.data?.pages[0]?.unread ?? 0;
  const read = (up_to: number): void => void act(() => readNotices({ body: { up_to } }));
  return (
    <>
      <PageHeader
        title="Notices"
        actions={
          newest &&
          unread > 0 && (
            <Button variant="default" loading={busy} onClick={() => read(newest.id)}>
              All are read
            </Button>
          )
        }
      >
        Releases that wait for you, emergencies, and what became of yours. They are kept for 90 days.
      </PageHeader>
      {refusal && <Problem refusal={refusal} />}
      {notices.error && <Problem error={notices.error} />}
      {notices.isPending && <Loading />}
      {notices.data && items.length === 0 && (
        <EmptyState title="Nothing to know.">
          When a release needs you, or something of yours changes, it stands here.
        </EmptyState>
      )}
      {items.length > 0 && (
        <Lines label="Notices">
          {items.map((notice) => (
            <Notice key={notice.id} of={notice} />
          ))}
        </Lines>
      )}
      {notices.hasNextPage && (
        <Button mt="sm" variant="default" loading={notices.isFetchingNextPage} onClick={() => notices.fetchNextPage()}>
          Older
        </Button>
      )}
    </>
  );
}

function Notice({ of }: { of: NoticeShown }) {
  const release = of.release === null ? "" : String(of.release);
  return (
    <Line name={<span className="typed">{of.sentence}</span>} over={of.read_at !== null}>
      {of.project}, <Moment at={of.at} />
      {of.read_at === null && (
        <>
          ,{" "}
          <Text span size="sm" fw={600}>
            unread
          </Text>
        </>
      )}
      .{" "}
      {release && (
        <Link to="/p/$project/releases/$release" params={{ project: of.project, release }}>
          Release {release}
        </Link>
      )}
    </Line>
  );
}
