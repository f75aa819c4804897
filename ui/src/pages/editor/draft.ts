import type { Content } from "../prompt/content";

/** What somebody writes: the content, the number of the version it began with, and when they last wrote. */
export interface Draft {
  base: number;
  content: Content;
  at?: string;
}

/** A prompt that has no version yet, as far as somebody has come with it. */
export interface Beginning {
  name: string;
  kind: string;
  text: string;
}

// No prompt has such a name.
const NEW = "new prompt";

const place = (person: string, project: string, name: string): string => `cuebook-draft ${person} ${project} ${name}`;

/** The draft that this person left behind in this browser, if any. */
export const kept = (person: string, project: string, name: string) => read<Draft>(place(person, project, name));

/** Keeps a draft against a closed tab. Returns whether there was room. */
export const keep = (person: string, project: string, name: string, draft: Draft | undefined): boolean =>
  write(place(person, project, name), draft);

/** The new prompt that this person left behind in this browser, if any. */
export const begun = (person: string, project: string) => read<Beginning>(place(person, project, NEW));

/** Keeps a new prompt against a closed tab. Returns whether there was room. */
export const keepBegun = (person: string, project: string, prompt: Beginning | undefined): boolean =>
  write(place(person, project, NEW), prompt);

function read<T>(key: string): T | undefined {
  try {
    const found = localStorage.getItem(key);
    return found === null ? undefined : (JSON.parse(found) as T);
  } catch {
    return undefined;
  }
}

function write(key: string, value: object | undefined): boolean {
  try {
    if (value === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** A text of a content by the API's pointer to it. */
export function textAt(content: Content, at: string): string {
  const found = at
    .slice(1)
    .split("/")
    .reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], content);
  return typeof found === "string" ? found : "";
}

/** Everything that is no text, as one sees it in a field of JSON. */
export function rest(content: Content): Record<string, unknown> {
  const { model, tools, response_format } = content;
  return Object.fromEntries(Object.entries({ model, tools, response_format }).filter(([, value]) => value));
}
