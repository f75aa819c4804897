/*
 * A change whose answer was lost may have been made. Asked for again, word for word, it goes out under the key of before, and the
 * server makes it once. As soon as an answer says how it went, the next request like it is another.
 */

const unanswered = new Map<string, string>();

/** The key for a change: the same as before, while nobody knows how that one went. */
export function keyFor(method: string, url: string, body: string): string {
  const change = `${method} ${url}\n${body}`;
  const key = unanswered.get(change) ?? fresh();
  unanswered.set(change, key);
  return key;
}

/** An answer came to the change of this key. One that says "not now" leaves open whether it was made. */
export function answered(key: string | null, status: number): void {
  if (status >= 500) return;
  for (const [change, its] of unanswered) if (its === key) unanswered.delete(change);
}

/** 128 bits by chance. `crypto.randomUUID` would not do: it is not there where a page came over plain HTTP. */
const fresh = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
