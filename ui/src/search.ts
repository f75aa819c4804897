/*
 * What stands behind the `?` of an address: names and plain text, as people write and share them. Each page's `search.ts` turns
 * it into what the page works with; what it does not know is dropped.
 */

export type Search = Record<string, unknown>;

export const parse = (text: string): Search => Object.fromEntries(new URLSearchParams(text));

export function write(search: Search): string {
  const kept = Object.entries(search).filter(([, value]) => value !== undefined && value !== "" && value !== false);
  const text = new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString();
  return text ? `?${text}` : "";
}

/** The text under a name; `undefined` when there is none. */
export function text(search: Search, name: string): string | undefined {
  const value = search[name];
  if (typeof value === "number" || value === true) return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The whole number above 0 under a name; `undefined` when there is none. */
export function count(search: Search, name: string): number | undefined {
  const found = text(search, name);
  return found !== undefined && /^[1-9]\d{0,9}$/.test(found) ? Number(found) : undefined;
}

/** The word under a name, where it is one of those known; else `undefined`. */
export function oneOf<T extends string>(search: Search, name: string, known: readonly T[]): T | undefined {
  return known.find((word) => word === search[name]);
}
