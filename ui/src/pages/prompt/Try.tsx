import { Button, Grid, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { getVersionOptions, type PromptShown, Refusal, renderVersionMutation, type VersionShown } from "../../api";
import { Loaded } from "../../shared/Loading";
import { Problem } from "../../shared/Problem";
import { contentOf, inputsOf } from "./content";
import { Rendered } from "./Rendered";
import { type Typed, Values, valuesOf } from "./Values";

/** What a version gives with values, as the server renders it. No model is called. */
export function Try({ project, prompt, number }: { project: string; prompt: PromptShown; number: number }) {
  const version = useQuery(getVersionOptions({ path: { project, name: prompt.name, which: String(number) } }));
  return <Loaded query={version}>{(found) => <Bench key={found.number} project={project} version={found} />}</Loaded>;
}

function Bench({ project, version }: { project: string; version: VersionShown }) {
  const variables = inputsOf(contentOf(version.served));
  const [typed, setTyped] = useState<Typed>({});
  const render = useMutation(renderVersionMutation());
  const send = (): void =>
    render.mutate({
      path: { project, name: version.prompt },
      body: { version: version.number, variables: valuesOf(variables, typed) },
    });
  return (
    <Grid gap="xl">
      <Grid.Col span={{ base: 12, md: 5 }}>
        <Stack>
          <Title order={2}>Values for v{version.number}</Title>
          <Values variables={variables} typed={typed} onChange={setTyped} />
          <Button onClick={send} loading={render.isPending} style={{ alignSelf: "flex-start" }}>
            Render
          </Button>
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 7 }}>
        <Stack aria-live="polite">
          <Title order={2}>What the model would get</Title>
          {render.error && <Problem refusal={Refusal.of(render.error, 0)} />}
          {render.data ? (
            <Rendered rendered={render.data} />
          ) : (
            <Text c="dimmed">Press Render: the server writes the values in. No model is called.</Text>
          )}
        </Stack>
      </Grid.Col>
    </Grid>
  );
}
