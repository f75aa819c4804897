import { keepPreviousData, useQuery } from "@tanstack/react-query";
import {
  createRelease,
  diffVersionsOptions,
  queries,
  type Refusal,
  type ReleaseIn,
  type ReleaseShown,
  type WeighedShown,
} from "../../api";
import { wholeOptions } from "../prompt/Whole";

/** Of so few prompts what changes is open from the start. */
export const OPEN_MAX = 3;

/** What a release would do, and what the policy says of it now. Changes nothing. */
export async function weigh(project: string, body: ReleaseIn): Promise<WeighedShown> {
  const { data } = await createRelease({ path: { project }, body: { ...body, dry_run: true }, throwOnError: true });
  return data as WeighedShown;
}

/** Release, propose, or break the glass, as the body says. */
export async function release(project: string, body: ReleaseIn): Promise<ReleaseShown> {
  const { data } = await createRelease({ path: { project }, body, throwOnError: true });
  return data as ReleaseShown;
}

/** The same, asked again whenever the form changes. */
export function useWeighed(project: string, body: ReleaseIn, enabled: boolean) {
  return useQuery<WeighedShown, Refusal>({
    queryKey: ["weighed", project, body],
    queryFn: async () => {
      const weighed = await weigh(project, body);
      if (weighed.items.length <= OPEN_MAX) await prepare(project, weighed);
      return weighed;
    },
    enabled,
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
}

/** Fetch what is open from the start: it is drawn together with all that stands below it, and nothing there moves. */
async function prepare(project: string, { items }: WeighedShown): Promise<void> {
  for (const { prompt, version, replaces } of items) {
    if (version === null) continue;
    if (replaces === null) {
      await queries.prefetchQuery(wholeOptions(project, prompt, version));
    } else {
      const asked = { path: { project, name: prompt }, query: { from: String(replaces), to: String(version) } };
      await queries.prefetchQuery({ ...diffVersionsOptions(asked), staleTime: Infinity }); // versions never change
    }
  }
}
