import { Anchor, SimpleGrid, Stack } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { Seen } from "./Seen";

export interface Change {
  op: string;
  old: string;
  new: string;
}

// Of what stayed as it was, so much is shown beside a change.
const AROUND_CHARS = 240;
const LEFT_OUT = "\n⋯\n";

const removed = (change: Change): boolean => change.op !== "equal" && change.old !== "";
const added = (change: Change): boolean => change.op !== "equal" && change.new !== "";

/** A text's changes as the API found them, word by word: in one text, or the two sides beside each other. */
export function WordDiff({ changes, side = false }: { changes: readonly Change[]; side?: boolean }) {
  const [whole, setWhole] = useState(false);
  const shown = whole ? changes : changes.map((change, at) => shortened(change, at === 0, at === changes.length - 1));
  const left = shown.some((change, at) => change !== changes[at]);
  return (
    <Stack gap="xs" align="stretch">
      {side ? <Sides changes={shown} /> : <Inline changes={shown} />}
      {(left || whole) && (
        <Anchor component="button" type="button" size="sm" ta="left" onClick={() => setWhole(!whole)}>
          {whole ? "Only what changed" : "Show what stayed too"}
        </Anchor>
      )}
    </Stack>
  );
}

function Sides({ changes }: { changes: readonly Change[] }) {
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }}>
      <div className="diff-old typed" dir="auto">
        {changes.map((change, at) =>
          removed(change) ? <Old key={at}>{change.old}</Old> : <span key={at}>{equal(change)}</span>,
        )}
      </div>
      <div className="diff-new typed" dir="auto">
        {changes.map((change, at) =>
          added(change) ? <New key={at}>{change.new}</New> : <span key={at}>{equal(change)}</span>,
        )}
      </div>
    </SimpleGrid>
  );
}

function Inline({ changes }: { changes: readonly Change[] }) {
  return (
    <div className="diff typed" dir="auto">
      {changes.map((change, at) => (
        <span key={at}>
          {equal(change)}
          {removed(change) && <Old>{change.old}</Old>}
          {added(change) && <New>{change.new}</New>}
        </span>
      ))}
    </div>
  );
}

export const Old = ({ children }: { children: string }) => (
  <del>
    <Seen>{children}</Seen>
  </del>
);
export const New = ({ children }: { children: string }) => (
  <ins>
    <Seen>{children}</Seen>
  </ins>
);
const equal = (change: Change): ReactNode => change.op === "equal" && <Seen>{change.new}</Seen>;

/** A stretch that stayed, without its middle; at the ends of the text only the side towards the change is kept. */
function shortened(change: Change, first: boolean, last: boolean): Change {
  const text = change.new;
  if (change.op !== "equal" || text.length <= 3 * AROUND_CHARS) return change;
  const head = first ? "" : text.slice(0, AROUND_CHARS).replace(/\S{1,20}$/, "");
  const tail = last ? "" : text.slice(-AROUND_CHARS).replace(/^\S{1,20}/, "");
  return { op: "equal", old: "", new: head + LEFT_OUT + tail };
}
