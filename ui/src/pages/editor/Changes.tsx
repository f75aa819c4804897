import { Stack, Text, Title } from "@mantine/core";
import { diffWordsWithSpace } from "diff";
import { type Change, WordDiff } from "../../shared/WordDiff";
import { type Content, written } from "../prompt/content";
import { rest, texts } from "./draft";

const DIFF_MS_MAX = 400;

/** What a draft changes, before it is saved: worked out here, and by the server once it is a version. */
export function Changes({ from, to }: { from: Content; to: Content }) {
  const before = parts(from);
  const after = parts(to);
  const labels = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = labels.filter((label) => before[label] !== after[label]);
  if (changed.length === 0) return <Text>Nothing: it is what was saved last.</Text>;
  return (
    <Stack>
      {changed.map((label) => (
        <section key={label} aria-label={label}>
          <Title order={3} size="sm">
            {label}
          </Title>
          <WordDiff changes={words(before[label] ?? "", after[label] ?? "")} />
        </section>
      ))}
    </Stack>
  );
}

function parts(content: Content): Record<string, string> {
  const said = texts(content).map(({ label, role, text }) => [role ? `${label}, ${role}` : label, text] as const);
  const variables = Object.entries(content.variables ?? {});
  const declared = variables.map(([name, variable]) => [`Variable ${name}`, written(variable)] as const);
  return { ...Object.fromEntries([...said, ...declared]), "Model, tools, format": written(rest(content)) };
}

function words(before: string, after: string): Change[] {
  const found = diffWordsWithSpace(before, after, { timeout: DIFF_MS_MAX });
  // Too much changed for a look at every word: the whole of both is shown.
  if (found === undefined) return [{ op: "replace", old: before, new: after }];
  return found.map(({ value, added, removed }) => ({
    op: added || removed ? "replace" : "equal",
    old: added ? "" : value,
    new: removed ? "" : value,
  }));
}
