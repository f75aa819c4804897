import { Code, Paper, Stack, Text } from "@mantine/core";
import { type Content, type Message, type Part, written } from "./content";
import { Marked } from "./Marked";

interface Props {
  content: Content;
  project: string;
  /** Whose it is, where a page shows more than one. */
  of?: string;
}

/** What a version says: its text, or its messages one after another. */
export function Conversation({ content, project, of }: Props) {
  const named = (what: string): string => (of ? `${what} of ${of}` : what);
  const shared = { project, includes: content.includes ?? {} };
  if (content.kind === "text") {
    return (
      <Paper component="section" className="panel" p="md" aria-label={named("Text")}>
        <Marked text={content.text ?? ""} {...shared} />
      </Paper>
    );
  }
  return (
    <Stack component="ol" gap="sm" m={0} p={0} aria-label={named("Messages")} style={{ listStyle: "none" }}>
      {(content.messages ?? []).map((message, at) => (
        <Paper key={at} component="li" className={`panel said-by-${message.role ?? "nobody"}`} p="md">
          <Text size="sm" fw={600} mb={4} c="dimmed">
            {message.placeholder === undefined ? message.role : "messages of the caller"}
          </Text>
          <Said message={message} {...shared} />
        </Paper>
      ))}
    </Stack>
  );
}

function Said({ message, ...shared }: { message: Message; project: string; includes: Record<string, number> }) {
  if (message.placeholder !== undefined) return <span className="variable">{message.placeholder}</span>;
  if (typeof message.content === "string") return <Marked text={message.content} {...shared} />;
  return (message.content ?? []).map((part: Part, at) =>
    part.type === "text" && part.text !== undefined ? (
      <Marked key={at} text={part.text} {...shared} />
    ) : (
      <Code key={at} block style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {written(part)}
      </Code>
    ),
  );
}
