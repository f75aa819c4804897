import { Badge, Box, Button, Group, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { type DeliveryShown, listDeliveriesInfiniteOptions, replayWebhook, type WebhookShown } from "../../api";
import { useAct } from "../../shared/acting";
import { Loading } from "../../shared/Loading";
import { Moment } from "../../shared/Moment";
import { Problem } from "../../shared/Problem";

const NEWEST = 2 ** 31 - 1;
const PAGE = 20;
const LOOK_EVERY_MS = 3_000;
const COLOURS: Record<DeliveryShown["state"], string | undefined> = {
  waiting: undefined,
  delivered: "newest",
  failed: "late",
};

/** What a webhook was sent, and what became of every try. */
export function Log({ project, of }: { project: string; of: WebhookShown }) {
  const path = { project, webhook: of.id };
  const log = useInfiniteQuery({
    ...listDeliveriesInfiniteOptions({ path, query: { limit: PAGE } }),
    initialPageParam: NEWEST,
    getNextPageParam: ({ next }) => (next === null ? undefined : Number(next)),
    refetchInterval: LOOK_EVERY_MS,
  });
  const { act, busy, refusal } = useAct();
  const again = (seq: number): void =>
    void act(() => replayWebhook({ path, body: { seq } }), `Entry ${seq} is on its way again.`);
  if (log.error) return <Problem error={log.error} />;
  if (!log.data) return <Loading />;
  const items = log.data.pages.flatMap((page) => page.items);
  return (
    <Stack gap="xs" mt="xs">
      {refusal && <Problem refusal={refusal} />}
      {items.length === 0 && <Text size="sm">Nothing was sent yet. Send a test to see whether it arrives.</Text>}
      <Box component="ol" className="panel lines" m={0} p={0} aria-label={`Log of ${of.name}`}>
        {items.map((one) => (
          <Delivery key={one.seq} of={one} busy={busy} onAgain={() => again(one.seq)} />
        ))}
      </Box>
      {log.hasNextPage && (
        <Group>
          <Button variant="default" size="xs" loading={log.isFetchingNextPage} onClick={() => log.fetchNextPage()}>
            Older
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function Delivery({ of, busy, onAgain }: { of: DeliveryShown; busy: boolean; onAgain: () => void }) {
  return (
    <Group component="li" px="sm" py="xs" justify="space-between" align="flex-start" gap="sm">
      <Stack gap={2} style={{ flex: "1 1 12rem", minWidth: 0, overflowWrap: "anywhere" }}>
        <Group gap="xs">
          <Text span size="sm">
            {of.type}
          </Text>
          <Badge variant="default" radius="sm" tt="none" className={COLOURS[of.state]}>
            {of.state}
          </Badge>
          <Text span size="xs" c="dimmed">
            entry {of.seq}, <Moment at={of.created_at} />
          </Text>
        </Group>
        {of.attempts.map((one) => (
          <Text key={one.attempt} size="xs" c="dimmed">
            Try {one.attempt}: {one.outcome} after {one.duration_ms} ms, <Moment at={one.at} />
          </Text>
        ))}
        {of.next_try_at && (
          <Text size="xs" c="dimmed">
            Next try <Moment at={of.next_try_at} />
          </Text>
        )}
      </Stack>
      {of.state !== "waiting" && (
        <Button variant="default" size="xs" disabled={busy} onClick={onAgain} aria-label={`Send entry ${of.seq} again`}>
          Send again
        </Button>
      )}
    </Group>
  );
}
