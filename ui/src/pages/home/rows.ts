import type { StatusItem } from "../../api";
import type { HomeSearch } from "./search";

/** Whether not all environments serve the same of a prompt. */
export const differs = (row: StatusItem): boolean => new Set(Object.values(row.versions)).size > 1;

/** The rows that a filter leaves. Every word of `q` must stand in the name. */
export function filtered(rows: readonly StatusItem[], filter: HomeSearch): StatusItem[] {
  const words = (filter.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const folder = filter.folder === undefined ? "" : `${filter.folder}.`;
  return rows.filter(
    (row) =>
      words.every((word) => row.prompt.includes(word)) &&
      row.prompt.startsWith(folder) &&
      (filter.tag === undefined || row.tags.includes(filter.tag)) &&
      (filter.owner === undefined || row.owner === filter.owner) &&
      (filter.show === undefined || differs(row)),
  );
}

/** The folders right below one (`""`: the top), with how many prompts lie in each, by name. Dots are the folders. */
export function folders(rows: readonly StatusItem[], within: string): [string, number][] {
  const above = within === "" ? "" : `${within}.`;
  const counts = new Map<string, number>();
  for (const row of rows) {
    if (!row.prompt.startsWith(above)) continue;
    const dot = row.prompt.indexOf(".", above.length);
    if (dot > 0) {
      const name = row.prompt.slice(0, dot);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A folder and those it lies in, from the top: "a.b.c" gives "a", "a.b", "a.b.c". */
export function path(folder: string): string[] {
  const parts = folder.split(".");
  return folder === "" ? [] : parts.map((_, at) => parts.slice(0, at + 1).join("."));
}

/** What there is to choose from, by name. */
export const owners = (rows: readonly StatusItem[]): string[] =>
  [...new Set(rows.map((row) => row.owner))].filter(Boolean).sort();
export const tags = (rows: readonly StatusItem[]): string[] => [...new Set(rows.flatMap((row) => row.tags))].sort();
