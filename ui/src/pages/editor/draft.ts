import type { Content } from "../prompt/content";

/** What somebody writes: the content, and the number of the version it began with (0: the prompt is new). */
export interface Draft {
  base: number;
  content: Content;
}

const place = (person: string, project: string, name: string): string => `cuebook-draft ${person} ${project} ${name}`;

/** The draft that this person left behind in this browser, if any. */
export function kept(person: string, project: string, name: string): Draft | undefined {
  try {
    const found = localStorage.getItem(place(person, project, name));
    return found === null ? undefined : (JSON.parse(found) as Draft);
  } catch {
    return undefined;
  }
}

/** Keeps a draft against a closed tab. Returns whether there was room. */
export function keep(person: string, project: string, name: string, draft: Draft | undefined): boolean {
  try {
    if (draft === undefined) localStorage.removeItem(place(person, project, name));
    else localStorage.setItem(place(person, project, name), JSON.stringify(draft));
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
