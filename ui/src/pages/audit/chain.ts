/*
 * The audit chain, checked by the browser and not by whoever keeps it: each entry's hash is the SHA-256 of its RFC 8785 canonical
 * JSON without the member `hash`, and carries the hash of the entry before. The same rules as `cuebook audit verify`.
 */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Entry = Record<string, unknown>;

/** What was found: how many entries fit, the hash of the last of them, and where it stopped, if it did. */
export interface Verdict {
  entries: number;
  head: string;
  brokenAt?: number;
  problem?: string;
}

const GENESIS = "0".repeat(64);
const words = new TextEncoder();

/** Canonical JSON. JSON.stringify writes texts and numbers as the RFC asks, and `sort` orders names by UTF-16. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value as Record<string, Json>).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join(",")}}`;
}

export async function entryHash({ hash: _, ...rest }: Entry): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", words.encode(canonical(rest))));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Check the lines of a whole export, in order. `vouched`: the hash that a checkpoint says stands at a number. */
export async function verify(
  lines: AsyncIterable<string>,
  vouched?: { seq: number; head: string },
  progress: (entries: number) => void = () => {},
): Promise<Verdict> {
  let head = GENESIS;
  let entries = 0;
  for await (const line of lines) {
    const problem = await misfit(line, entries + 1, head);
    if (typeof problem === "string") return { entries, head, brokenAt: entries + 1, problem };
    head = problem.hash;
    entries += 1;
    if (vouched?.seq === entries && vouched.head !== head) {
      return { entries: entries - 1, head, brokenAt: entries, problem: "a checkpoint vouches for another entry here" };
    }
    if (entries % 500 === 0) progress(entries);
  }
  if (vouched !== undefined && vouched.seq > entries) {
    return {
      entries,
      head,
      brokenAt: entries + 1,
      problem: `a checkpoint vouches for ${vouched.seq} entries: the chain was cut`,
    };
  }
  return { entries, head };
}

async function misfit(line: string, expected: number, previous: string): Promise<string | { hash: string }> {
  let entry: Entry;
  try {
    entry = JSON.parse(line) as Entry;
  } catch {
    return "it is no JSON";
  }
  if (entry["seq"] !== expected) return `expected entry ${expected}, found ${String(entry["seq"])}`;
  if (entry["prev"] !== previous) return "it does not continue the entry before it";
  const hash = await entryHash(entry);
  return hash === entry["hash"] ? { hash } : "its content was changed";
}

/** The lines of an answer, as they arrive. */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + decoder.decode(value, { stream: !done })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
    if (done) break;
  }
  if (rest !== "") yield rest;
}
