import { Button, Grid, Group, Stack, Switch, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import {
  type EnvironmentShown,
  getVersionOptions,
  listEnvironmentsOptions,
  type PromptShown,
  type VersionShown,
} from "../../api";
import { useMay } from "../../frame/here";
import { Digest } from "../../shared/Digest";
import { ButtonLink } from "../../shared/links";
import { Loaded } from "../../shared/Loading";
import { Moment } from "../../shared/Moment";
import { PersonName } from "../../shared/PersonName";
import { VersionSelect } from "../../shared/VersionSelect";
import { Beside } from "./Beside";
import { contentOf } from "./content";
import { Conversation } from "./Conversation";
import { Recalled, RecallVersion } from "./Recall";

/** One version: who made it, what it says, what it needs. */
export function Shown({ project, prompt, number }: { project: string; prompt: PromptShown; number: number }) {
  const version = useQuery(getVersionOptions({ path: { project, name: prompt.name, which: String(number) } }));
  const stops = useQuery(listEnvironmentsOptions({ path: { project } })).data?.items ?? [];
  const navigate = useNavigate({ from: "/p/$project/prompts/$name" });
  const may = useMay(project);
  const there = number <= prompt.latest;
  return (
    <Stack>
      <Group justify="space-between">
        <VersionSelect
          label="Version"
          project={project}
          prompt={prompt.name}
          value={number}
          onChange={(next) => navigate({ search: { version: next } })}
        />
        <Group gap="xs" hidden={!there}>
          {number > 1 && (
            <Button variant="default" onClick={() => navigate({ search: { version: number, against: number - 1 } })}>
              Compare with v{number - 1}
            </Button>
          )}
          {may("prompts.write") && (
            <ButtonLink
              to="/p/$project/prompts/$name/edit"
              params={{ project, name: prompt.name }}
              search={{ from: number === prompt.latest ? undefined : number }}
            >
              Edit
            </ButtonLink>
          )}
          {may("releases.propose") && (
            <ButtonLink
              variant="default"
              to="/p/$project/propose"
              params={{ project }}
              search={{ environment: nextStop(stops, prompt, number), prompt: prompt.name, version: number }}
            >
              Promote v{number} …
            </ButtonLink>
          )}
          <RecallVersion project={project} name={prompt.name} number={number} />
        </Group>
      </Group>
      <Loaded query={version}>{(found) => <Content project={project} version={found} />}</Loaded>
    </Stack>
  );
}

/** Where a version goes next: the first stop on its way that still serves an older one, or none. */
function nextStop(stops: readonly EnvironmentShown[], prompt: PromptShown, number: number): string | undefined {
  return stops.find(({ name, tracks_latest }) => !tracks_latest && (prompt.live[name] ?? 0) < number)?.name;
}

function Content({ project, version }: { project: string; version: VersionShown }) {
  const [flat, setFlat] = useState(false);
  const content = contentOf(version.content);
  const fragments = Object.keys(content.includes ?? {}).length > 0;
  return (
    <Stack>
      <Made version={version} />
      <Recalled project={project} name={version.prompt} number={version.number} />
      <Grid gap="xl">
        <Grid.Col span={{ base: 12, md: 8 }}>
          {fragments && (
            <Switch
              mb="sm"
              label="As it is served, with the fragments written out"
              checked={flat}
              onChange={(event) => setFlat(event.currentTarget.checked)}
            />
          )}
          <Conversation content={flat ? contentOf(version.served) : content} project={project} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Beside version={version} content={content} project={project} />
        </Grid.Col>
      </Grid>
    </Stack>
  );
}

function Made({ version }: { version: VersionShown }) {
  return (
    <div className="prose">
      {version.message && <Text className="typed">{version.message}</Text>}
      <Group gap="xs">
        <Text size="sm" c="dimmed">
          Saved by <PersonName of={version.author} />, <Moment at={version.created_at} />
        </Text>
        <Digest of={version.digest} />
      </Group>
    </div>
  );
}
