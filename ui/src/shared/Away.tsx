import { Button, Group, Text } from "@mantine/core";
import { useEffect, useSyncExternalStore } from "react";
import { me, queries, Refusal } from "../api";

/** So often the server is asked again while it does not answer. */
const AGAIN_MS = 3_000;
/** No answer at all, and what a proxy or a node without its database answers: it passes. */
const PASSING = [0, 502, 503, 504];

/** Whether it says that there is no answer now. */
export const isAway = (error: unknown): error is Refusal => error instanceof Refusal && PASSING.includes(error.status);

let away: Refusal | undefined;
let asking: Promise<void> | undefined;
const listeners = new Set<() => void>();

function tell(next: Refusal | undefined): void {
  away = next;
  listeners.forEach((listener) => listener());
}

/** Ask whether the server answers; one question at a time. */
export function probe(): Promise<void> {
  asking ??= me()
    .then(
      () => tell(undefined),
      (error: unknown) => tell(isAway(error) ? error : undefined),
    )
    .finally(() => (asking = undefined));
  return asking;
}

/** A page's code did not come. Where the server is away that is why; otherwise it is of another release than this page. */
export async function missing(error: unknown): Promise<never> {
  await probe();
  throw away ?? error;
}

/**
 * Stands above everything while the server does not answer: what one sees may be old, what one wrote stays, and it is asked
 * again until it answers. Then what did not come is fetched; `onBack` does the rest.
 */
export function Away({ onBack }: { onBack: () => void }) {
  const said = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => away,
  );
  const gone = said !== undefined;
  useEffect(
    () =>
      queries.getQueryCache().subscribe((event) => {
        if (event.type !== "updated" || away !== undefined) return;
        const { action } = event;
        if ((action.type === "failed" || action.type === "error") && isAway(action.error)) void probe();
      }),
    [],
  );
  useEffect(() => {
    if (!gone) return undefined;
    const timer = setInterval(() => void probe(), AGAIN_MS);
    return () => {
      clearInterval(timer);
      void queries.invalidateQueries();
      onBack();
    };
  }, [gone, onBack]);
  if (!gone) return null;
  return (
    <Group className="away late" role="status" gap="sm" wrap="nowrap">
      <Text size="sm">
        {said.status === 0 ? "The server does not answer." : "The server cannot answer right now."} What stands here may
        be old; what you wrote stays. It is asked again every {AGAIN_MS / 1000} seconds.
      </Text>
      <Button size="compact-sm" variant="default" style={{ flexShrink: 0 }} onClick={() => void probe()}>
        Ask now
      </Button>
    </Group>
  );
}
