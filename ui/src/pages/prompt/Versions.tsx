import { Badge, Button, Group, Paper, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import {
  listStaysInfiniteOptions,
  listVersionsInfiniteOptions,
  type PromptShown,
  type StayShown,
  type VersionListed,
} from "../../api";
import { Digest } from "../../shared/Digest";
import { Loaded } from "../../shared/Loading";
import { Moment } from "../../shared/Moment";
import { PersonName } from "../../shared/PersonName";
import { useRecalls } from "./Recall";

const PAGE = 50;

/** The line of versions, newest first, with where each is or was live. */
export function Versions({ project, prompt }: { project: string; prompt: PromptShown }) {
  const asked = { path: { project, name: prompt.name }, query: { limit: PAGE } };
  const more = {
    initialPageParam: prompt.latest + 1,
    getNextPageParam: (page: { next: string | null }) => (page.next === null ? undefined : Number(page.next)),
  };
  const versions = useInfiniteQuery({ ...listVersionsInfiniteOptions(asked), ...more });
  const stays = useInfiniteQuery({ ...listStaysInfiniteOptions(asked), ...more });
  const places = stays.data?.pages.flatMap((page) => page.items) ?? [];
  const recalls = useRecalls(project, prompt.name);
  const next = (): void => {
    void versions.fetchNextPage();
    void stays.fetchNextPage();
  };
  return (
    <Loaded query={versions}>
      {(found) => (
        <Stack>
          <Paper component="ol" className="panel lines" m={0} p={0} aria-label="Versions" style={{ listStyle: "none" }}>
            {found.pages
              .flatMap((page) => page.items)
              .map((version) => (
                <Version
                  key={version.number}
                  project={project}
                  prompt={prompt}
                  version={version}
                  stays={places.filter((stay) => stay.number === version.number)}
                  recalled={recalls.has(version.number)}
                />
              ))}
          </Paper>
          {versions.hasNextPage && (
            <Button variant="default" onClick={next} loading={versions.isFetchingNextPage}>
              Older versions
            </Button>
          )}
        </Stack>
      )}
    </Loaded>
  );
}

interface Props {
  project: string;
  prompt: PromptShown;
  version: VersionListed;
  stays: readonly StayShown[];
  recalled: boolean;
}

function Version({ project, prompt, version, stays, recalled }: Props) {
  const to = "/p/$project/prompts/$name" as const;
  const params = { project, name: prompt.name };
  const wanted = [version.number - 1, ...Object.values(prompt.live)].filter((number): number is number =>
    Boolean(number),
  );
  const others = [...new Set(wanted)].filter((number) => number !== version.number);
  return (
    <Group component="li" p="md" align="flex-start" wrap="nowrap" gap="md">
      <Text fw={600} miw="3rem">
        <Link to={to} params={params} search={{ version: version.number }}>
          v{version.number}
        </Link>
      </Text>
      <Stack gap={4} flex={1} miw={0}>
        <Text className="typed" c={version.message ? undefined : "dimmed"}>
          {version.message || "No message"}
        </Text>
        <Group gap="xs">
          <Text size="sm" c="dimmed">
            <PersonName of={version.author} />, <Moment at={version.created_at} />
          </Text>
          <Digest of={version.digest} />
        </Group>
        <Group gap={6}>
          {recalled && (
            <Badge
              variant="default"
              tt="none"
              radius="sm"
              style={{ background: "var(--gone)", color: "var(--gone-ink)" }}
            >
              recalled
            </Badge>
          )}
          {stays.map((stay) => (
            <Stay key={stay.environment} stay={stay} />
          ))}
        </Group>
        {others.length > 0 && (
          <Group fz="sm" style={{ gap: "0.15rem 0.75rem" }}>
            <Text span inherit c="dimmed">
              Compare with
            </Text>
            {others.map((number) => (
              <Link key={number} to={to} params={params} search={{ version: version.number, against: number }}>
                v{number}
                {placesOf(prompt, number)}
              </Link>
            ))}
          </Group>
        )}
      </Stack>
    </Group>
  );
}

/** Where a number is live, behind a comma; nothing where it is not. */
const placesOf = (prompt: PromptShown, number: number): string =>
  Object.entries(prompt.live)
    .flatMap(([environment, served]) => (served === number ? [`, ${environment}`] : []))
    .join("");

/** Where a version is live, or was until when. */
function Stay({ stay }: { stay: StayShown }) {
  const often = stay.times > 1 ? `, ${stay.times} times` : "";
  return (
    <Badge
      variant={stay.until === null ? "outline" : "default"}
      tt="none"
      radius="sm"
      fw={stay.until === null ? 600 : 400}
    >
      {stay.environment}{" "}
      {stay.until === null ? (
        <>
          since <Moment at={stay.last_at} />
        </>
      ) : (
        <>
          until <Moment at={stay.until} />
        </>
      )}
      {often}
    </Badge>
  );
}
