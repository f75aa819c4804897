import { Group, Tabs, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { getPromptOptions, type PromptShown } from "../../api";
import { ButtonLink } from "../../shared/links";
import { Loaded } from "../../shared/Loading";
import { PageHeader } from "../../shared/PageHeader";
import { VersionBadge } from "../../shared/VersionBadge";
import { About } from "./About";
import { Compare } from "./Compare";
import { Dependents } from "./Dependents";
import { Shown } from "./Shown";
import { TABS, type Tab } from "./search";
import { Try } from "./Try";
import { Use } from "./Use";
import { Versions } from "./Versions";

const LABELS: Record<Tab, string> = {
  content: "Content",
  versions: "Versions",
  try: "Try it",
  use: "How to use it",
  dependents: "Who uses it",
};

/** One prompt: what it says, how it came to that, where each version is live, and who uses it. */
export function Page() {
  const { project, name } = useParams({ from: "/p/$project/prompts/$name" });
  const prompt = useQuery(getPromptOptions({ path: { project, name } }));
  return (
    <Loaded query={prompt} title={name}>
      {(found) => <Found key={found.name} project={project} prompt={found} />}
    </Loaded>
  );
}

function Found({ project, prompt }: { project: string; prompt: PromptShown }) {
  const search = useSearch({ from: "/p/$project/prompts/$name" });
  const navigate = useNavigate({ from: "/p/$project/prompts/$name" });
  const tab = search.tab ?? "content";
  const number = search.version ?? prompt.latest;
  const open = (next: string | null): void => {
    const found = TABS.find((one) => one === next);
    void navigate({ search: { version: search.version, tab: found === "content" ? undefined : found } });
  };
  return (
    <>
      <PageHeader title={prompt.name} actions={<About project={project} prompt={prompt} />}>
        {prompt.description && <Text className="typed">{prompt.description}</Text>}
        <Told prompt={prompt} />
      </PageHeader>
      <Where project={project} prompt={prompt} shown={number} />
      <Tabs value={tab} onChange={open} keepMounted={false}>
        <Tabs.List mb="lg">
          {TABS.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {LABELS[one]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="content">
          {search.against === undefined ? (
            <Shown project={project} prompt={prompt} number={number} />
          ) : (
            <Compare
              project={project}
              prompt={prompt}
              from={search.against}
              to={number}
              side={search.view === "side"}
            />
          )}
        </Tabs.Panel>
        <Tabs.Panel value="versions">
          <Versions project={project} prompt={prompt} />
        </Tabs.Panel>
        <Tabs.Panel value="try">
          <Try project={project} prompt={prompt} number={number} />
        </Tabs.Panel>
        <Tabs.Panel value="use">
          <Use project={project} prompt={prompt} />
        </Tabs.Panel>
        <Tabs.Panel value="dependents">
          <Dependents project={project} prompt={prompt} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

/** Owner, tags and other names, where there are any. */
function Told({ prompt }: { prompt: PromptShown }) {
  const told = [
    prompt.owner && `Owner: ${prompt.owner}`,
    prompt.tags.length > 0 && `Tags: ${prompt.tags.join(", ")}`,
    prompt.aliases.length > 0 && `Also found as ${prompt.aliases.join(", ")}`,
  ].filter(Boolean);
  return told.length > 0 && <Text size="sm">{told.join(" · ")}</Text>;
}

/** What each environment serves; a click shows that version. */
function Where({ project, prompt, shown }: { project: string; prompt: PromptShown; shown: number }) {
  return (
    <Group component="nav" aria-label="What is live where" gap="xs" mb="lg">
      {Object.entries(prompt.live).map(([environment, number]) =>
        number === null ? (
          <Text key={environment} span size="sm" c="dimmed" px="xs">
            not in {environment}
          </Text>
        ) : (
          <ButtonLink
            key={environment}
            size="compact-sm"
            variant="default"
            aria-current={number === shown ? "true" : undefined}
            to="/p/$project/prompts/$name"
            params={{ project, name: prompt.name }}
            search={{ version: number }}
            rightSection={<VersionBadge number={number} kind={number < prompt.latest ? "late" : undefined} />}
          >
            {environment}
          </ButtonLink>
        ),
      )}
    </Group>
  );
}
