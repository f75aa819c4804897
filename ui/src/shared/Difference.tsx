import { Alert, List, Paper, Stack, Table, Text, Title } from "@mantine/core";
import { Sentence } from "./Sentence";
import { type Change, New, Old, WordDiff } from "./WordDiff";

type Json = Record<string, unknown>;

/** The parts of a comparison that the API gives wherever it compares two contents. */
export interface Compared {
  same: boolean;
  prose: Json[];
  fields: Json[];
  summary: string[];
  breaking: { [key: string]: string }[];
}

/** What differs: in plain words first, then what would break a caller, the prose by words, the rest by fields. */
export function Difference({ of, side = false }: { of: Compared; side?: boolean }) {
  if (of.same) return <Text>They are the same, byte for byte.</Text>;
  const prose = of.prose as unknown as { at: string; label: string; changes: Change[] }[];
  const fields = of.fields as unknown as FieldChange[];
  return (
    <Stack>
      <List aria-label="Summary" spacing={2}>
        {of.summary.map((sentence) => (
          <List.Item key={sentence}>
            <Sentence>{sentence}</Sentence>
          </List.Item>
        ))}
      </List>
      {of.breaking.length > 0 && (
        <Alert color="red" variant="light" title="Callers of the old one would break">
          <List spacing={2}>
            {of.breaking.map((one) => (
              <List.Item key={`${one.variable} ${one.kind}`}>
                <Sentence>{one.sentence ?? ""}</Sentence>
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
      {prose.map((text) => (
        <Paper key={text.at} component="section" className="panel" p="md" aria-label={text.label}>
          <Title order={2} mb="xs">
            <Sentence>{capital(text.label)}</Sentence>
          </Title>
          <WordDiff changes={text.changes} side={side} />
        </Paper>
      ))}
      {fields.length > 0 && <Fields fields={fields} />}
    </Stack>
  );
}

interface FieldChange {
  at: string;
  label: string;
  op: "added" | "removed" | "changed";
  old?: unknown;
  new?: unknown;
}

function Fields({ fields }: { fields: readonly FieldChange[] }) {
  return (
    <Paper component="section" className="panel" p="md" aria-label="Fields">
      <Table.ScrollContainer minWidth={300}>
        <Table verticalSpacing="xs" layout="fixed">
          <Table.Thead>
            <Table.Tr>
              <Table.Th w="30%">What</Table.Th>
              <Table.Th>Before</Table.Th>
              <Table.Th>After</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {fields.map((field) => (
              <Table.Tr key={`${field.op} ${field.at}`} style={{ verticalAlign: "top" }}>
                <Table.Td>
                  <Sentence>{capital(field.label)}</Sentence>
                  <Text size="xs" c="dimmed" ff="monospace" style={{ overflowWrap: "anywhere" }}>
                    {field.at}
                  </Text>
                </Table.Td>
                <Table.Td className="diff typed">{field.op !== "added" && <Old>{plain(field.old)}</Old>}</Table.Td>
                <Table.Td className="diff typed">{field.op !== "removed" && <New>{plain(field.new)}</New>}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A value as people read it; of a message that came or went, its text. */
function plain(value: unknown): string {
  if (typeof value === "string") return value;
  const { role, content } = (value ?? {}) as { role?: unknown; content?: unknown };
  if (typeof role === "string" && typeof content === "string") return content;
  return JSON.stringify(value, null, 2);
}
