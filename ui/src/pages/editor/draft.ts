import { type Content, pieces, sample, type Variable, valueOf, written } from "../prompt/content";

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

/** The texts of a content, each with what it is called. */
export function texts(content: Content): { label: string; role: string; text: string }[] {
  if (content.kind === "text") return [{ label: "Text", role: "", text: content.text ?? "" }];
  return (content.messages ?? []).flatMap((message, at) => {
    const label = `Message ${at + 1}`;
    const role = message.role ?? "";
    if (typeof message.content === "string") return [{ label, role, text: message.content }];
    return (message.content ?? []).flatMap((part) =>
      part.text === undefined ? [] : [{ label, role, text: part.text }],
    );
  });
}

/** The names of one kind of stretch in the texts of a content, each once. */
export function names(content: Content, kind: "variable" | "fragment"): string[] {
  const found = texts(content).flatMap(({ text }) => pieces(text).filter((piece) => piece.kind === kind));
  return [...new Set(found.map((piece) => piece.name))];
}

/** The variables that a content uses or declares, each with what is declared of it. */
export function contract(content: Content): Record<string, Variable> {
  const used = names(content, "variable").map((name) => [name, {} as Variable]);
  return { ...Object.fromEntries(used), ...content.variables };
}

/** A draft as it is saved: of its locked fragments only those that are still in the text. */
export function tidy(content: Content): Content {
  const { includes = {}, ...others } = content;
  const used = names(content, "fragment").filter((name) => name in includes);
  return used.length
    ? { ...others, includes: Object.fromEntries(used.map((name) => [name, includes[name]!])) }
    : others;
}

/** A text with its values, by the rules of the server; fragments stay as they are written. */
export function filled(text: string, values: Record<string, unknown>): string {
  return pieces(text)
    .map((piece) => {
      if (piece.kind === "escaped") return "{{";
      if (piece.kind !== "variable" || !(piece.name in values)) return piece.source;
      const value = values[piece.name];
      return typeof value === "string" ? value : JSON.stringify(value);
    })
    .join("");
}

/** What somebody should look at before saving: sentences, none where all is well. */
export function lint(content: Content): string[] {
  const variables = contract(content);
  const found = texts(content).flatMap(({ label, role, text }) => {
    const all = pieces(text);
    const lines: string[] = [];
    const loose = all.some((piece) => piece.kind === "text" && piece.source.includes("{{"));
    if (loose) lines.push(`${label}: two braces that are no variable stay as they are written.`);
    if (all.some((piece) => piece.kind === "invisible")) lines.push(`${label}: it holds characters that nobody sees.`);
    for (const name of new Set(all.filter((piece) => piece.kind === "variable").map((piece) => piece.name))) {
      const open = (variables[name]?.type ?? "string") === "string" && !variables[name]?.enum?.length;
      if (role === "system" && open)
        lines.push(`${label}: \`${name}\` takes any text into the system role. Give it a list of values, or move it.`);
    }
    return lines;
  });
  return [...new Set(found)];
}

/** Values to look at a draft with. */
export const samples = (content: Content): Record<string, unknown> =>
  Object.fromEntries(Object.entries(contract(content)).map(([name, of]) => [name, valueOf(sample(name, of), of)]));

/** About how many tokens a text has: a token is some four characters of English, fewer of other languages. */
export const tokens = (content: Content): number =>
  Math.ceil(
    texts(content)
      .map(({ text }) => text.length)
      .reduce((a, b) => a + b, 0) / 4,
  );

/** Everything that is no text, as one sees it in a field of JSON. */
export function rest(content: Content): string {
  const { model, tools, response_format } = content;
  return written(Object.fromEntries(Object.entries({ model, tools, response_format }).filter(([, value]) => value)));
}
