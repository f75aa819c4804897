import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { checkDraft, type CheckedShown, compareDraft, type FindingShown, Refusal } from "../../api";
import type { Content } from "../prompt/content";

/** What the server says of a draft. `of`: the content it looked at, which may be older than what stands there now. */
export interface Looked {
  said?: CheckedShown;
  of?: Content;
  /** It looked at just this content. */
  current: boolean;
  /** Why it could not look at this content. */
  refusal?: Refusal;
}

/** Has the server look at a draft. What it said last stays until it answers again, and an answer that comes too late is dropped. */
export function useCheck(project: string, name: string, content: Content): Looked {
  const last = useRef<{ said: CheckedShown; of: Content }>(undefined);
  const query = useQuery({
    queryKey: ["checkDraft", project, name, content],
    queryFn: async ({ signal }) => {
      const { data } = await checkDraft({ path: { project, name }, body: { content }, signal, throwOnError: true });
      return { said: data, of: content };
    },
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    gcTime: 60_000,
  });
  if (query.data !== undefined) last.current = query.data;
  const refusal = query.error ? Refusal.of(query.error, 0) : undefined;
  return { ...last.current, current: query.isSuccess && !query.isPlaceholderData, refusal };
}

/** What a draft changes of a version. */
export const compared = (project: string, name: string, content: Content, against: number) =>
  queryOptions({
    queryKey: ["compareDraft", project, name, against, content],
    queryFn: async ({ signal }) => {
      const call = { path: { project, name }, body: { content, against }, signal, throwOnError: true } as const;
      return (await compareDraft(call)).data;
    },
    staleTime: Infinity,
    gcTime: 60_000,
  });

/** A place in the content, as the API names it: a text by its pointer, and characters of it. */
export interface Place {
  at: string;
  start: number;
  end: number;
}

/** The stretch a finding means, in the units of JavaScript's strings. */
export function placeOf(finding: FindingShown, text: string): Place | undefined {
  const { at, start, end } = finding;
  if (start === null || end === null) return undefined;
  return { at, start: unit(text, start), end: unit(text, end) };
}

/** The API counts characters, JavaScript halves of them. */
function unit(text: string, characters: number): number {
  if (!/[\uD800-\uDFFF]/.test(text)) return characters;
  let at = 0;
  for (const character of text) {
    if (characters-- === 0) break;
    at += character.length;
  }
  return at;
}
