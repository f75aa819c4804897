import { Button, Checkbox, Group, NativeSelect, Paper, Stack, TagsInput, Text, TextInput } from "@mantine/core";
import { type Variable, valueOf, written } from "../prompt/content";

const TYPES = ["string", "integer", "number", "boolean", "array", "object", "any"];

interface Props {
  variables: Record<string, Variable>;
  /** Those that no text uses, as pointers of the API. */
  unused: readonly string[];
  onChange: (name: string, variable: Variable) => void;
  onRemove: (name: string) => void;
}

/** What a caller has to hand over, variable by variable. One that is used and not declared is a required text. */
export function Contract({ variables, unused, onChange, onRemove }: Props) {
  const entries = Object.entries(variables);
  if (entries.length === 0) return <Text c="dimmed">Write two braces and a name, and a variable stands here.</Text>;
  return entries.map(([name, variable]) => (
    <Paper key={name} className="panel" p="sm" component="fieldset" m={0}>
      <legend>
        <span className="variable">{name}</span>
      </legend>
      <Stack gap="xs">
        <NativeSelect
          label="Type"
          data={TYPES}
          value={variable.type ?? "string"}
          onChange={(event) => onChange(name, { ...variable, type: event.currentTarget.value })}
        />
        <TextInput
          label="Description"
          value={variable.description ?? ""}
          onChange={(event) => onChange(name, without({ ...variable, description: event.currentTarget.value }))}
        />
        <TextInput
          label="When it is left out"
          value={variable.default === undefined ? "" : written(variable.default)}
          onChange={({ currentTarget: { value } }) =>
            onChange(name, without({ ...variable, default: value === "" ? undefined : valueOf(value, variable) }))
          }
        />
        <TagsInput
          label="Only these values"
          value={(variable.enum ?? []).map(tag)}
          onChange={(tags) =>
            onChange(name, without({ ...variable, enum: tags.length ? values(tags, variable) : undefined }))
          }
        />
        <Checkbox
          label="A caller must give it"
          checked={variable.required !== false && variable.default === undefined}
          disabled={variable.default !== undefined}
          onChange={(event) => onChange(name, { ...variable, required: event.currentTarget.checked })}
        />
        {unused.includes(`/variables/${name}`) && (
          <Group gap="xs">
            <Text size="sm">No text uses it.</Text>
            <Button size="compact-sm" variant="default" onClick={() => onRemove(name)}>
              Remove {name}
            </Button>
          </Group>
        )}
      </Stack>
    </Paper>
  ));
}

/** Without what was left empty; one with a default is never missing. */
function without(variable: Variable): Variable {
  const kept = Object.entries(variable).filter(([, value]) => value !== undefined && value !== "");
  const made = Object.fromEntries(kept) as Variable;
  return made.default === undefined ? made : { ...made, required: false };
}

const tag = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** The values of tags; one that stood there before stays what it was. */
const values = (tags: readonly string[], variable: Variable): unknown[] =>
  tags.map((text) => variable.enum?.find((value) => tag(value) === text) ?? valueOf(text, variable));
