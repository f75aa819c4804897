import { Button, Group, NativeSelect, Paper, Stack, Text, TextInput } from "@mantine/core";
import { lazy, Suspense } from "react";
import type { Content, Message, Part } from "../prompt/content";
import type { Finding } from "./Code";
import { labelOf } from "./Findings";
import { JsonField } from "./JsonField";

const Code = lazy(() => import("./Code"));
const ROLES = ["system", "user", "assistant", "tool"];
const HISTORY = "history";

export type Change = (content: Content, whole?: boolean) => void;

/** What a text field is given beside its text. */
export interface Beside {
  names: readonly string[];
  findings: (at: string) => { of: string; all: readonly Finding[] };
  shown: (at: string) => { start: number; end: number } | undefined;
}

/** The text, or the messages one after another. */
export function Texts({ content, beside, onChange }: { content: Content; beside: Beside; onChange: Change }) {
  if (content.kind === "text")
    return (
      <Field
        at="/text"
        value={content.text ?? ""}
        beside={beside}
        onChange={(text) => onChange({ ...content, text })}
      />
    );
  const messages = content.messages ?? [];
  const become = (next: Message[], whole = true): void => onChange({ ...content, messages: next }, whole);
  return (
    <>
      {messages.map((message, at) => (
        <Paper key={at} className="panel" p="sm" component="section" aria-label={`Message ${at + 1}`}>
          <Group justify="space-between" mb="xs">
            <Said message={message} number={at + 1} onChange={(changed) => become(messages.with(at, changed), false)} />
            <Group gap={4}>
              {typeof message.content === "string" && (
                <Button
                  variant="subtle"
                  size="compact-sm"
                  aria-label={`Make parts of message ${at + 1}`}
                  onClick={() => become(messages.with(at, { ...message, content: [textPart(message.content)] }))}
                >
                  Parts
                </Button>
              )}
              {at > 0 && (
                <Button
                  variant="subtle"
                  size="compact-sm"
                  aria-label={`Move message ${at + 1} up`}
                  onClick={() => become(messages.with(at - 1, message).with(at, messages[at - 1]!))}
                >
                  Up
                </Button>
              )}
              <Button
                variant="subtle"
                size="compact-sm"
                aria-label={`Remove message ${at + 1}`}
                disabled={messages.length === 1}
                onClick={() => become(messages.toSpliced(at, 1))}
              >
                Remove
              </Button>
            </Group>
          </Group>
          {typeof message.content === "string" && (
            <Field
              at={`/messages/${at}/content`}
              value={message.content}
              beside={beside}
              onChange={(text) => become(messages.with(at, { ...message, content: text }), false)}
            />
          )}
          {Array.isArray(message.content) && (
            <Parts
              at={`/messages/${at}/content`}
              parts={message.content}
              beside={beside}
              onChange={(parts, whole) => become(messages.with(at, { ...message, content: parts }), whole)}
            />
          )}
        </Paper>
      ))}
      <Group gap="xs">
        <Button variant="default" onClick={() => become([...messages, { role: "user", content: "" }])}>
          Add a message
        </Button>
        <Button variant="default" onClick={() => become([...messages, { placeholder: free(messages) }])}>
          Add the caller’s messages
        </Button>
      </Group>
    </>
  );
}

/** Who says a message; or the name under which the caller hands over messages of its own. */
function Said({
  message,
  number,
  onChange,
}: {
  message: Message;
  number: number;
  onChange: (message: Message) => void;
}) {
  if (message.placeholder === undefined)
    return (
      <NativeSelect
        aria-label={`Role of message ${number}`}
        data={ROLES}
        value={message.role}
        onChange={(event) => onChange({ ...message, role: event.currentTarget.value })}
      />
    );
  return (
    <TextInput
      label="Messages of the caller, by the name"
      value={message.placeholder}
      maxLength={64}
      onChange={(event) => onChange({ placeholder: event.currentTarget.value })}
    />
  );
}

interface PartsProps {
  at: string;
  parts: readonly Part[];
  beside: Beside;
  onChange: (parts: Part[], whole: boolean) => void;
}

/** The parts of a message: texts are templates, everything else is kept as it is written. */
function Parts({ at, parts, beside, onChange }: PartsProps) {
  return (
    <Stack gap="xs">
      {parts.map((part, number) => (
        <div key={number}>
          <Group justify="space-between">
            <Text size="sm" c="dimmed">
              Part {number + 1}
            </Text>
            <Button
              variant="subtle"
              size="compact-sm"
              aria-label={`Remove ${labelOf(`${at}/${number}`).toLowerCase()}`}
              disabled={parts.length === 1}
              onClick={() => onChange(parts.toSpliced(number, 1), true)}
            >
              Remove
            </Button>
          </Group>
          {part.type === "text" ? (
            <Field
              at={`${at}/${number}/text`}
              value={part.text ?? ""}
              beside={beside}
              onChange={(text) => onChange(parts.with(number, { ...part, text }), false)}
            />
          ) : (
            <JsonField
              label={labelOf(`${at}/${number}`)}
              value={part}
              wrong={(value) => (isPart(value) ? "" : "A part is an object with a type that is a text.")}
              onChange={(value) => onChange(parts.with(number, value as Part), false)}
            />
          )}
        </div>
      ))}
      <Group gap="xs">
        <Button size="compact-sm" variant="default" onClick={() => onChange([...parts, textPart("")], true)}>
          Add a text
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => onChange([...parts, IMAGE], true)}>
          Add another part
        </Button>
      </Group>
    </Stack>
  );
}

interface FieldProps {
  at: string;
  value: string;
  beside: Beside;
  onChange: (text: string) => void;
}

/** The text in the place its field will have: nothing below it moves when that comes. */
function Waiting({ text }: { text: string }) {
  return (
    <div className="panel code-waits typed" role="status" aria-label="Loading">
      {text}
    </div>
  );
}

function Field({ at, value, beside, onChange }: FieldProps) {
  return (
    <Suspense fallback={<Waiting text={value} />}>
      <Code
        label={labelOf(at)}
        value={value}
        names={beside.names}
        findings={beside.findings(at)}
        shown={beside.shown(at)}
        onChange={onChange}
      />
    </Suspense>
  );
}

const IMAGE: Part = { type: "image_url" };
const textPart = (text: Message["content"]): Part => ({ type: "text", text: typeof text === "string" ? text : "" });
const isPart = (value: unknown): value is Part =>
  typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";

/** A name that no placeholder has yet. */
function free(messages: readonly Message[]): string {
  const taken = new Set(messages.map(({ placeholder }) => placeholder));
  const next = (number: number): string =>
    taken.has(`${HISTORY}_${number}`) ? next(number + 1) : `${HISTORY}_${number}`;
  return taken.has(HISTORY) ? next(2) : HISTORY;
}
