import { List, Stack, Text, Title } from "@mantine/core";
import type { EnvironmentShown } from "../../api";
import { useMay } from "../../frame/here";
import { Freeze } from "./Freeze";
import { PolicyForm } from "./PolicyForm";

/** What lets a version in: in words, and for those who may, as a form. */
export function Policy({ project, stop }: { project: string; stop: EnvironmentShown }) {
  const may = useMay(project);
  const changes = !stop.tracks_latest && may("environments.write", stop.name);
  return (
    <Stack gap="xl" maw="52rem">
      <section aria-labelledby="words">
        <Title order={2} id="words" mb="xs">
          In words
        </Title>
        <List spacing={4}>
          {stop.told.map((one) => (
            <List.Item key={one.sentence} className={one.rule === "freeze" ? "late typed" : "typed"}>
              {one.sentence}
            </List.Item>
          ))}
        </List>
      </section>
      {changes ? (
        <>
          <Freeze project={project} stop={stop} />
          {/* A form of what was true once must not stay when the rules have changed. */}
          <PolicyForm key={stop.policy_revision} project={project} stop={stop} />
        </>
      ) : (
        !stop.tracks_latest && <Text c="dimmed">Whoever may change environments changes these rules here.</Text>
      )}
    </Stack>
  );
}
