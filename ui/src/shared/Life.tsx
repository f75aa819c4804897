import { NativeSelect } from "@mantine/core";

export const DAY_S = 86_400;
const LIVES: readonly [string, number | undefined][] = [
  ["for good", undefined],
  ["for a day", DAY_S],
  ["for a week", 7 * DAY_S],
  ["for 30 days", 30 * DAY_S],
  ["for 90 days", 90 * DAY_S],
  ["for a year", 365 * DAY_S],
];

/** How long something is to count, in seconds; `undefined`: until somebody ends it. */
export function Life({ value, onChange }: { value: number | undefined; onChange: (life: number | undefined) => void }) {
  return (
    <NativeSelect
      label="Counts"
      data={LIVES.map(([label, seconds]) => ({ label, value: String(seconds ?? "") }))}
      value={String(value ?? "")}
      onChange={(event) => onChange(Number(event.currentTarget.value) || undefined)}
    />
  );
}

const OVERLAPS: readonly [string, number][] = [
  ["an hour", 3_600],
  ["a day", DAY_S],
  ["a week", 7 * DAY_S],
  ["30 days", 30 * DAY_S],
  ["no time at all: it ends now", 0],
];

/** How long an old secret counts beside the one that takes its place, in seconds. */
export function Overlap({ value, onChange }: { value: number; onChange: (overlap: number) => void }) {
  return (
    <NativeSelect
      label="Both count for"
      data={OVERLAPS.map(([label, seconds]) => ({ label, value: String(seconds) }))}
      value={String(value)}
      onChange={(event) => onChange(Number(event.currentTarget.value))}
    />
  );
}
