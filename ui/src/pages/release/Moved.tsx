import { Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { MovedShown, SinceShown } from "../../api";
import { Move } from "../../shared/Move";
import { Moment } from "../../shared/Moment";
import { PersonName } from "../../shared/PersonName";

/** What made a release stale: both sides of the conflict. */
export function Moved({ project, moved }: { project: string; moved: readonly MovedShown[] }) {
  if (moved.length === 0) return null;
  return (
    <section className="panel late" aria-labelledby="moved" style={{ padding: "1rem" }}>
      <Title order={2} id="moved">
        Somebody was quicker
      </Title>
      {moved.map((one) => (
        <Text key={one.prompt} size="sm" className="typed">
          {one.prompt}: this release replaces {one.yours ?? "nothing"}, and {one.theirs ?? "nothing"} is live now, by{" "}
          <PersonName of={one.by} /> <Moment at={one.at} />
          {one.release !== null && (
            <>
              {" in "}
              <Link
                to="/p/$project/releases/$release"
                params={{ project, release: String(one.release) }}
                style={{ color: "inherit" }}
              >
                release {one.release}
              </Link>
            </>
          )}
          {one.reason && `: ${one.reason}`}
        </Text>
      ))}
    </section>
  );
}

/** For everybody whose approval does not count any more: what changed since they gave it. */
export function Since({ project, since }: { project: string; since: readonly SinceShown[] }) {
  if (since.length === 0) return null;
  return (
    <section aria-labelledby="since">
      <Title order={2} id="since" mb="xs">
        Changed since it was approved
      </Title>
      <Stack gap="sm">
        {since.map((one) => (
          <div key={`${one.person} ${one.at}`}>
            <Text size="sm">
              <PersonName of={one.person} /> approved{" "}
              <Link to="/p/$project/releases/$release" params={{ project, release: String(one.release) }}>
                release {one.release}
              </Link>{" "}
              <Moment at={one.at} />. {one.items.length === 0 && !one.policy ? "The approval lapsed." : "Since then:"}
            </Text>
            {one.items.map((item) => (
              <Text key={item.prompt} size="sm" className="typed" pl="sm">
                {item.prompt}: <Move before={item.then?.version ?? null} after={item.now?.version ?? null} />
                {[...item.summary, ...item.base].map((sentence) => `; ${sentence}`)}
              </Text>
            ))}
            {one.policy?.rules.map((rule) => (
              <Text key={rule.rule} size="sm" className="typed" pl="sm">
                The rule {rule.rule} changed.
              </Text>
            ))}
          </div>
        ))}
      </Stack>
    </section>
  );
}
