import { expect, test } from "vitest";
import type { StatusItem } from "../../api";
import { differs, filtered, folders, path } from "./rows";

const row = (
  prompt: string,
  versions: Record<string, number | null> = {},
  more: Partial<StatusItem> = {},
): StatusItem => ({
  prompt,
  versions,
  owner: "",
  tags: [],
  latest: 1,
  since: {},
  behind: {},
  ready: [],
  ...more,
});
const rows = [
  row("billing.dunning.first", { dev: 2, prd: 1 }, { owner: "finance" }),
  row("billing.refund", { dev: 1, prd: 1 }, { tags: ["money"] }),
  row("support.triage", { dev: 1, prd: null }),
];
const names = (found: StatusItem[]): string[] => found.map((one) => one.prompt);

test("a filter without anything leaves everything", () => {
  expect(filtered(rows, {})).toEqual(rows);
});

test("every word stands in the name", () => {
  expect(names(filtered(rows, { q: " FIRST bill" }))).toEqual(["billing.dunning.first"]);
});

test("a folder holds what lies in it, not what is called alike", () => {
  expect(names(filtered([...rows, row("billings")], { folder: "billing" }))).toEqual(names(rows.slice(0, 2)));
});

test("tag and owner are exact", () => {
  expect(names(filtered(rows, { tag: "money" }))).toEqual(["billing.refund"]);
  expect(names(filtered(rows, { owner: "fin" }))).toEqual([]);
});

test("a prompt that one environment does not have differs", () => {
  expect(rows.map(differs)).toEqual([true, false, true]);
  expect(names(filtered(rows, { show: "differing" }))).toEqual(["billing.dunning.first", "support.triage"]);
});

test("folders are counted one step at a time", () => {
  expect(folders(rows, "")).toEqual([
    ["billing", 2],
    ["support", 1],
  ]);
  expect(folders(rows, "billing")).toEqual([["billing.dunning", 1]]);
});

test("a folder's path begins at the top", () => {
  expect(path("")).toEqual([]);
  expect(path("a.b.c")).toEqual(["a", "a.b", "a.b.c"]);
});
