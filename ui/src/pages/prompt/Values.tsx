import { NativeSelect, Stack, Text, Textarea } from "@mantine/core";
import { sample, type Variable, valueOf, written } from "./content";

/** What was typed for each variable; what nobody touched has its sample. */
export type Typed = Readonly<Record<string, string>>;

/** The values the API is asked to render with. */
export function valuesOf(variables: Record<string, Variable>, typed: Typed): Record<string, unknown> {
  const entries = Object.entries(variables);
  return Object.fromEntries(
    entries.map(([name, variable]) => [name, valueOf(typed[name] ?? sample(name, variable), variable)]),
  );
}

interface Props {
  variables: Record<string, Variable>;
  typed: Typed;
  onChange: (typed: Typed) => void;
}

/** A field for each variable of a contract. */
export function Values({ variables, typed, onChange }: Props) {
  const entries = Object.entries(variables);
  if (entries.length === 0) return <Text c="dimmed">It has no variables.</Text>;
  return (
    <Stack gap="sm">
      {entries.map(([name, variable]) => {
        const shared = {
          label: name,
          description: variable.description || undefined,
          value: typed[name] ?? sample(name, variable),
        };
        const set = (value: string): void => onChange({ ...typed, [name]: value });
        return variable.enum?.length ? (
          <NativeSelect
            key={name}
            {...shared}
            data={variable.enum.map(written)}
            onChange={(event) => set(event.currentTarget.value)}
          />
        ) : (
          <Textarea
            key={name}
            {...shared}
            autosize
            minRows={1}
            maxRows={8}
            onChange={(event) => set(event.currentTarget.value)}
          />
        );
      })}
    </Stack>
  );
}
