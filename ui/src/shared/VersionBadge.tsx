import { Badge } from "@mantine/core";

/** A version's number. `kind` only where environments differ: the newest there, or one behind it. */
export function VersionBadge({ number, kind }: { number: number | null | undefined; kind?: "newest" | "late" }) {
  return (
    <Badge variant="default" radius="sm" tt="none" className={kind} style={{ borderColor: "transparent" }}>
      {number === null || number === undefined ? "–" : `v${number}`}
    </Badge>
  );
}
