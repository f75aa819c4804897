/** From which version to which: "7 → 8", "8, new here", "7 → retired". */
export function Move({ before, after }: { before: number | null; after: number | null }) {
  if (after === null) return <>{before === null ? "retired" : `${before} → retired`}</>;
  return (
    <span style={{ whiteSpace: "nowrap" }}>{before === null ? `${after}, new here` : `${before} → ${after}`}</span>
  );
}
