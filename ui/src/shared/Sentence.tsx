import { Code } from "@mantine/core";

/** A sentence of the API: what stands between backticks is a name. */
export function Sentence({ children }: { children: string }) {
  return (
    <span style={{ overflowWrap: "anywhere" }}>
      {children.split("`").map((part, at) => (at % 2 ? <Code key={at}>{part}</Code> : part))}
    </span>
  );
}
