import { queryOptions } from "@tanstack/react-query";
import {
  getAccessOptions,
  listLatelyOptions,
  listReviewsOptions,
  listWaitingOptions,
  queries,
  status,
  type StatusShown,
} from "../../api";

/** The first page of rows is small: it is drawn while the others are on their way. */
const FIRST = 100;
const PAGE = 500;
const PAGES_MAX = 40;

/** What runs where, every prompt of the project: filters work on what is there, without asking again. */
export const statusOptions = (project: string) =>
  queryOptions({
    queryKey: ["status", project],
    queryFn: () => whole(project),
    refetchInterval: 30_000,
  });

async function whole(project: string): Promise<StatusShown> {
  const { queryKey } = statusOptions(project);
  const before = queries.getQueryData<StatusShown>(queryKey);
  let found = await page(project, "", before ? PAGE : FIRST);
  for (let pages = 1; found.next !== null && pages < PAGES_MAX; pages += 1) {
    if (!before) queries.setQueryData(queryKey, found);
    const more = await page(project, found.next, PAGE);
    found = { ...more, items: [...found.items, ...more.items] };
  }
  return found;
}

async function page(project: string, after: string, limit: number): Promise<StatusShown> {
  return (await status({ path: { project }, query: { after, limit }, throwOnError: true })).data;
}

/** Ask for all that the page shows, while its code is on its way. */
export function prefetch(project: string): void {
  const path = { project };
  void queries.prefetchQuery(statusOptions(project));
  void queries.prefetchQuery(getAccessOptions({ path }));
  void queries.prefetchQuery(listReviewsOptions({ path }));
  void queries.prefetchQuery(listWaitingOptions({ path }));
  void queries.prefetchQuery(listLatelyOptions({ path }));
}
