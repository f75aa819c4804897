/*
 * What people decide by is seen whole. Some characters hide something from whoever reads, or turn the direction of what follows
 * round: where prompts are read, compared and approved, they stand as their code. Joiners are left alone: Persian and many emoji
 * are written with them.
 */

/** One such character. */
export const HIDDEN =
  /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B\u200E\u200F\u202A-\u202E\u2060-\u2064\u2066-\u206F\uFEFF\u{E0000}-\u{E007F}\u{E0100}-\u{E01EF}]/u;
const APART = new RegExp(`(${HIDDEN.source})`, "u");

/** What an invisible character is called. */
export const codeOf = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

/** A text with every character in it that nobody would see. */
export function Seen({ children }: { children: string }) {
  if (!HIDDEN.test(children)) return children;
  return children.split(APART).map((part, at) => (at % 2 === 1 ? <Hidden key={at}>{part}</Hidden> : part));
}

/** A character that nobody would see. */
export const Hidden = ({ children }: { children: string }) => (
  <span className="hidden-character" title="A character that nobody sees">
    {codeOf(children)}
  </span>
);
