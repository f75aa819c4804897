import { Button, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { diffVersionsOptions, type PromptShown, type VersionListed } from "../../api";
import { Difference } from "../../shared/Difference";
import { Loaded } from "../../shared/Loading";
import { Moment } from "../../shared/Moment";
import { PersonName } from "../../shared/PersonName";
import { VersionSelect } from "../../shared/VersionSelect";

interface Props {
  project: string;
  prompt: PromptShown;
  from: number;
  to: number;
  side: boolean;
}

/** Any two versions: what leads from the one to the other. */
export function Compare({ project, prompt, from, to, side }: Props) {
  const navigate = useNavigate({ from: "/p/$project/prompts/$name" });
  const of = { project, prompt: prompt.name };
  const view = side ? "side" : undefined;
  const go = (against: number, version: number): void => void navigate({ search: { version, against, view } });
  const query = { from: String(from), to: String(to) };
  const difference = useQuery(diffVersionsOptions({ path: { project, name: prompt.name }, query }));
  return (
    <Stack>
      <Group>
        <VersionSelect {...of} label="From version" value={from} onChange={(number) => go(number, to)} />
        <Text>to</Text>
        <VersionSelect {...of} label="To version" value={to} onChange={(number) => go(from, number)} />
        <Button variant="default" onClick={() => go(to, from)}>
          The other way round
        </Button>
        <SegmentedControl
          aria-label="How it is shown"
          data={[
            { label: "In one text", value: "inline" },
            { label: "Side by side", value: "side" },
          ]}
          value={side ? "side" : "inline"}
          onChange={(next) =>
            navigate({ search: { version: to, against: from, view: next === "side" ? "side" : undefined } })
          }
        />
        <Button variant="subtle" onClick={() => navigate({ search: { version: to } })}>
          Only v{to}
        </Button>
      </Group>
      <Loaded query={difference}>
        {(found) => (
          <>
            <div>
              <Made version={found.from} />
              <Made version={found.to} />
            </div>
            <Difference of={found} side={side} />
          </>
        )}
      </Loaded>
    </Stack>
  );
}

function Made({ version }: { version: VersionListed }) {
  return (
    <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
      v{version.number} by <PersonName of={version.author} />, <Moment at={version.created_at} />
      {version.message && `: ${version.message}`}
    </Text>
  );
}
