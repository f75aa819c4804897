import { Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { type StandingShown as Standing, getReleaseOptions, showRolloutOptions } from "../../api";
import { DecisionList } from "../../shared/DecisionList";
import { ButtonLink } from "../../shared/links";
import { Loaded, Loading } from "../../shared/Loading";
import { Moment } from "../../shared/Moment";
import { PageHeader } from "../../shared/PageHeader";
import { PersonName } from "../../shared/PersonName";
import { kindOf, ReleaseState } from "../../shared/ReleaseState";
import { Changes, useChanges } from "./Changes";
import { Deeds } from "./Deeds";
import { Moved, Since } from "./Moved";
import { Rollout } from "./Rollout";
import { Rules } from "./Rules";
import { Said } from "./Said";

const route = getRouteApi("/p/$project/releases/$release");
const WATCHED_MS = 5_000;

/** One release: what it changes, what the policy says, who said what, and what one can do about it. */
export function Page() {
  const { project, release } = route.useParams();
  const path = { project, release_id: Number(release) };
  const query = useQuery({
    ...getReleaseOptions({ path }),
    // Somebody may approve while one looks.
    refetchInterval: ({ state }) =>
      state.data && state.data.ended_at === null && !state.data.applied_at ? WATCHED_MS : false,
  });
  return (
    <Loaded query={query} title={`Release ${release}`}>
      {(standing) => (
        <>
          <PageHeader
            title={`${kindOf(standing)} ${standing.id}`}
            actions={
              <ButtonLink
                variant="default"
                to="/p/$project/releases/$release/evidence"
                params={{ project, release: String(standing.id) }}
              >
                Evidence
              </ButtonLink>
            }
          >
            <Heading project={project} standing={standing} />
          </PageHeader>
          <Body key={standing.id} project={project} standing={standing} />
        </>
      )}
    </Loaded>
  );
}

/** All below the heading comes at once, with what the release changes: nothing of it moves while one reaches for it. */
function Body({ project, standing }: { project: string; standing: Standing }) {
  const changes = useChanges(project, standing);
  const path = { project, release_id: standing.id };
  const rollout = useQuery({ ...showRolloutOptions({ path }), enabled: standing.applied_at !== null });
  const [drawn, setDrawn] = useState(false);
  if (!drawn && !changes.isLoading && !rollout.isLoading) setDrawn(true);
  if (!drawn) return <Loading />;
  return (
    <div className="release">
      <Stack gap="xl" miw={0}>
        <Moved project={project} moved={standing.moved} />
        {standing.policy ? (
          <Rules project={project} standing={standing} />
        ) : (
          <Changes project={project} standing={standing} />
        )}
        <Said project={project} standing={standing} />
      </Stack>
      <Stack gap="xl" miw={0}>
        <Deeds project={project} standing={standing} />
        {standing.applied_at && <Rollout project={project} release={standing.id} />}
        <Policy standing={standing} />
        <Since project={project} since={standing.since} />
      </Stack>
    </div>
  );
}

const ENDED: Record<string, string> = { declined: "declined it", withdrawn: "withdrew it" };

function Heading({ project, standing }: { project: string; standing: Standing }) {
  const { environment } = standing;
  return (
    <Stack gap={6}>
      <Group gap="xs">
        <ReleaseState state={standing.state} />
        <span>
          {standing.kind === "promote" ? "to" : "in"}{" "}
          <Link to="/p/$project/environments/$environment" params={{ project, environment }}>
            {environment}
          </Link>
        </span>
        <span>
          by <PersonName of={standing.author} />, <Moment at={standing.created_at} />
        </span>
        {standing.applied_at && (
          <span>
            applied <Moment at={standing.applied_at} /> as revision {standing.revision}
          </span>
        )}
        {standing.rebases !== null && (
          <span>
            takes up{" "}
            <Link to="/p/$project/releases/$release" params={{ project, release: String(standing.rebases) }}>
              release {standing.rebases}
            </Link>
          </span>
        )}
      </Group>
      <Text c="var(--mantine-color-text)" className="typed">
        {standing.reason || "No reason was given."}
      </Text>
      {standing.ended_at && !standing.applied_at && (
        <Text c="var(--mantine-color-text)" className="typed">
          <PersonName of={standing.ended_by} /> {ENDED[standing.state] ?? "ended it"} <Moment at={standing.ended_at} />
          {standing.ended_why && `: ${standing.ended_why}`}
        </Text>
      )}
    </Stack>
  );
}

function Policy({ standing }: { standing: Standing }) {
  const waits = standing.ended_at === null && standing.applied_at === null;
  return (
    <section aria-labelledby="policy">
      <Title order={2} id="policy" mb="xs">
        {waits ? "What the policy says" : "What the policy said"}
      </Title>
      <DecisionList decision={standing.decision} over={!waits} />
      {standing.forecast && standing.schedule && (
        <Stack gap="xs" mt="md">
          <Text size="sm">
            It is to be applied <Moment at={standing.schedule.at} />, on the word of{" "}
            <PersonName of={standing.schedule.by} />. If nothing else happens until then:
          </Text>
          <DecisionList decision={standing.forecast} />
        </Stack>
      )}
      {standing.notes.map((note) => (
        <Text key={note} size="sm" className="late typed" px="xs" py={2} mt="xs">
          {note}
        </Text>
      ))}
    </section>
  );
}
