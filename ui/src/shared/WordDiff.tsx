import { Box } from "@mantine/core";

export interface Change {
  op: string;
  old: string;
  new: string;
}

const removed = (change: Change): boolean => change.op !== "equal" && change.old !== "";
const added = (change: Change): boolean => change.op !== "equal" && change.new !== "";

/** A text's changes as the API found them, word by word: in one text, or the two sides beside each other. */
export function WordDiff({ changes, side = false }: { changes: readonly Change[]; side?: boolean }) {
  if (side) {
    return (
      <Box style={{ display: "grid", gridTemplateColumns: "minmax(0, 1fr) minmax(0, 1fr)", gap: "1rem" }}>
        <div className="diff-old typed">
          {changes.map((change, at) => (removed(change) ? <del key={at}>{change.old}</del> : equal(change)))}
        </div>
        <div className="diff-new typed">
          {changes.map((change, at) => (added(change) ? <ins key={at}>{change.new}</ins> : equal(change)))}
        </div>
      </Box>
    );
  }
  return (
    <div className="diff typed">
      {changes.map((change, at) => (
        <span key={at}>
          {equal(change)}
          {removed(change) && <del>{change.old}</del>}
          {added(change) && <ins>{change.new}</ins>}
        </span>
      ))}
    </div>
  );
}

const equal = (change: Change): string => (change.op === "equal" ? change.new : "");
