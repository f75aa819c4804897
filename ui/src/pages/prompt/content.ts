/*
 * A version's content as the API gives it: JSON whose shape the server has checked (docs/reference/content.md). What a page does
 * not know of it, it shows as JSON.
 */

import { HIDDEN } from "../../shared/Seen";

export interface Variable {
  type?: string;
  required?: boolean;
  default?: unknown;
  enum?: unknown[];
  description?: string;
}

export interface Message {
  role?: string;
  content?: string | Part[];
  placeholder?: string;
}

export interface Part {
  type: string;
  text?: string;
}

export interface Content {
  kind: "text" | "chat";
  text?: string;
  messages?: Message[];
  variables?: Record<string, Variable>;
  model?: { provider?: string; name?: string; parameters?: Record<string, unknown> } | null;
  tools?: Record<string, unknown>[];
  response_format?: Record<string, unknown> | null;
  includes?: Record<string, number>;
}

export const contentOf = (json: Record<string, unknown>): Content => json as unknown as Content;

/** A stretch of a template. `escaped` writes two braces; `invisible` is a character that nobody would see. */
export interface Piece {
  kind: "text" | "variable" | "fragment" | "escaped" | "invisible";
  source: string;
  name: string;
}

// The tags of the `simple` engine (src/cuebook/template.py), and characters that hide something from whoever reads.
const TAGS =
  /\{\{(?:(\{\{)|[ \t\r\n]*(?:([\p{L}\p{Nl}\p{No}_][\p{L}\p{N}_]{0,63})|>[ \t\r\n]*([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?))[ \t\r\n]*\}\})/u;
export const TAG = new RegExp(`${TAGS.source}|(${HIDDEN.source})`, "gu");

/** A template in stretches, in order; together they are its text. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(TAG)) {
    const [source, escaped, variable, fragment] = match;
    if (match.index > at) found.push({ kind: "text", source: text.slice(at, match.index), name: "" });
    const kind = escaped ? "escaped" : variable ? "variable" : fragment ? "fragment" : "invisible";
    found.push({ kind, source, name: variable ?? fragment ?? "" });
    at = match.index + source.length;
  }
  if (at < text.length) found.push({ kind: "text", source: text.slice(at), name: "" });
  return found;
}

/** What a caller may hand over: the variables, and lists of messages under the names of placeholders. */
export function inputsOf(content: Content): Record<string, Variable> {
  const named = (content.messages ?? []).flatMap(({ placeholder }) => (placeholder === undefined ? [] : [placeholder]));
  const lists = named.map((name) => [name, { type: "array", description: "A list of messages" }] as const);
  return { ...content.variables, ...Object.fromEntries(lists) };
}

/** A value as people read it: a text as it is, everything else as JSON. */
export const written = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

/** A value to try a variable with, as the text of a field: its default, the first of its values, or something of its type. */
export function sample(name: string, variable: Variable): string {
  if (variable.default !== undefined) return written(variable.default);
  if (variable.enum?.length) return written(variable.enum[0]);
  const samples: Record<string, string> = { integer: "1", number: "1.5", boolean: "true", array: "[]", object: "{}" };
  return samples[variable.type ?? "string"] ?? name.replaceAll("_", " ");
}

/** What was typed into a field, as the variable's type has it; a text that is no JSON stays one, and the API says so. */
export function valueOf(text: string, variable: Variable): unknown {
  if ((variable.type ?? "string") === "string") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
