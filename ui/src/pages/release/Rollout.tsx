import { Progress, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type RolloutShown, showRolloutOptions } from "../../api";

const ASKED_MS = 2_000;

/** How far an applied release has come among the running clients; asked again until all of them hold it. */
export function Rollout({ project, release }: { project: string; release: number }) {
  const { data } = useQuery({
    ...showRolloutOptions({ path: { project, release_id: release } }),
    refetchInterval: ({ state }) => (arrived(state.data) ? false : ASKED_MS),
  });
  if (!data?.progress) return null;
  const { live, running, within_ms, waiting } = data.progress;
  return (
    <section aria-labelledby="rollout">
      <Title order={2} id="rollout" mb="xs">
        Where it has arrived
      </Title>
      {live === 0 ? (
        <Text size="sm">No running client has been heard of in the last minutes.</Text>
      ) : (
        <>
          <Progress value={(100 * running) / live} aria-label="Clients that run it" mb={4} />
          <Text size="sm" role="status">
            {running} of {live} running clients hold it or a later one.
          </Text>
          {within_ms.p99 !== null && (
            <Text size="sm" c="dimmed">
              Half of them within {seconds(within_ms.p50)}, 99 % within {seconds(within_ms.p99)}.
            </Text>
          )}
          {waiting.map((one) => (
            <Text key={one.instance} size="xs" c="dimmed" className="typed">
              Not yet: {one.instance}, key {one.key}, revision {one.revision ?? "none"}
            </Text>
          ))}
        </>
      )}
    </section>
  );
}

const arrived = (seen: RolloutShown | undefined): boolean =>
  seen !== undefined && (!seen.progress || (seen.progress.live > 0 && seen.progress.running === seen.progress.live));

const seconds = (ms: number | null): string => (ms === null ? "–" : `${(ms / 1000).toFixed(1)} s`);
