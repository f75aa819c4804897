import { Group, NativeSelect, Select, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { getVersionOptions, listKeysOptions, type PromptShown } from "../../api";
import { Command } from "../../shared/Command";
import { Loaded } from "../../shared/Loading";
import { contentOf, inputsOf } from "./content";
import { curl, python, typescript } from "./snippets";
import { valuesOf } from "./Values";

/** How an application asks for a prompt: to paste, with the name of the key that it takes. */
export function Use({ project, prompt }: { project: string; prompt: PromptShown }) {
  const places = Object.keys(prompt.live);
  // The last stop where the code that is copied gets an answer.
  const first = places.findLast((place) => prompt.live[place] !== null) ?? places.at(-1) ?? "";
  const [environment, setEnvironment] = useState(first);
  const [chosen, setChosen] = useState<string | null>(null);
  const keys = useQuery(listKeysOptions({ path: { project } }));
  const live = prompt.live[environment];
  const which = String(live ?? "latest");
  const version = useQuery(getVersionOptions({ path: { project, name: prompt.name, which } }));
  const usable = (keys.data?.items ?? []).filter((key) => key.environment === environment && key.revoked_at === null);
  const key = usable.find((one) => one.selector === chosen) ?? usable[0];
  return (
    <Stack gap="lg" className="use">
      <Group align="flex-end">
        <NativeSelect
          label="Environment"
          data={places}
          value={environment}
          onChange={(event) => setEnvironment(event.currentTarget.value)}
        />
        <Select
          label="Key"
          data={usable.map((one) => ({ value: one.selector, label: one.name }))}
          value={key?.selector ?? null}
          onChange={setChosen}
          disabled={usable.length === 0}
          placeholder="none yet"
          allowDeselect={false}
        />
      </Group>
      <Text className="prose">
        The key decides the environment: the same code runs everywhere.{" "}
        {live === null || live === undefined
          ? `${environment} serves no version of it yet: there the call answers 404.`
          : `In ${environment} it gets version ${live}.`}{" "}
        {key
          ? `Its secret was shown when it was made; put it where your application finds it as CUEBOOK_KEY.`
          : `No key reads ${environment} yet: an admin makes one.`}
      </Text>
      <Loaded query={version}>
        {(found) => {
          const values = valuesOf(inputsOf(contentOf(found.served)), {});
          const told = { url: location.origin, name: prompt.name, key: key?.name ?? "", environment, values };
          return (
            <>
              <Snippet title="Python" code={python(told)} />
              <Snippet title="curl" code={curl(told)} />
              <Snippet title="TypeScript" code={typescript(told)} />
            </>
          );
        }}
      </Loaded>
    </Stack>
  );
}

function Snippet({ title, code }: { title: string; code: string }) {
  return (
    <section aria-label={title}>
      <Title order={2} mb="xs">
        {title}
      </Title>
      <Command label={`Copy ${title}`}>{code}</Command>
    </section>
  );
}
