const UNITS: [number, string][] = [
  [31_536_000, "year"],
  [2_592_000, "month"],
  [604_800, "week"],
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
];
// Made when first asked for: the browser reads its tables of languages for it, which takes longer than drawing a page's rows.
let exactly: Intl.DateTimeFormat | undefined;

/** How long ago, or how long until: "3 days ago", "in 2 hours". */
export function relative(at: Date, now: Date): string {
  const seconds = (at.getTime() - now.getTime()) / 1000;
  for (const [size, unit] of UNITS) {
    if (Math.abs(seconds) < size) continue;
    const count = Math.trunc(Math.abs(seconds) / size);
    const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
    return seconds < 0 ? `${words} ago` : `in ${words}`;
  }
  return seconds > 5 ? "in a moment" : "just now";
}

/** The same without its direction, for narrow places: "3 d", "2 h", "now". */
export function age(at: Date, now: Date): string {
  const seconds = Math.abs(at.getTime() - now.getTime()) / 1000;
  for (const [size, unit] of UNITS) {
    if (seconds >= size) return `${Math.trunc(seconds / size)} ${unit === "month" ? "mo" : unit[0]}`;
  }
  return "now";
}

/** The moment itself, in the reader's own zone. */
export const exact = (at: Date): string =>
  (exactly ??= new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" })).format(at);

/** Whether a key or token is past its end. What counts, the server decides: this is for what a list shows first. */
export const isOver = (of: { revoked_at: string | null; expires_at: string | null }): boolean =>
  of.revoked_at !== null || (of.expires_at !== null && new Date(of.expires_at) <= new Date());
