import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { createRelease, type Refusal, type ReleaseIn, type ReleaseShown, type WeighedShown } from "../../api";

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
    queryFn: () => weigh(project, body),
    enabled,
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
}
