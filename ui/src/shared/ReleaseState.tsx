import { Badge } from "@mantine/core";

const STATES: Record<string, string> = {
  proposed: "waiting",
  approved: "may be applied",
};
const COLOURS: Record<string, string> = { approved: "newest", stale: "late", failed: "late" };

/** Where a release stands, in a word. */
export const stateOf = (state: string): string => STATES[state] ?? state;

/** Where a release stands, as the API says it. */
export function ReleaseState({ state }: { state: string }) {
  return (
    <Badge variant="default" radius="sm" tt="none" className={COLOURS[state]} style={{ flexShrink: 0 }}>
      {stateOf(state)}
    </Badge>
  );
}

const KINDS: Record<string, string> = {
  promote: "Release",
  rollback: "Rollback",
  retire: "Retirement",
  policy: "Change of rules",
};

/** What a release does, as a noun. */
export function kindOf({ kind, emergency = false }: { kind: string; emergency?: boolean }): string {
  const noun = KINDS[kind] ?? kind;
  return emergency ? `Emergency ${noun.toLowerCase()}` : noun;
}
