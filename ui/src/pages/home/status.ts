import { type FetchQueryOptions, type QueryKey, queryOptions } from "@tanstack/react-query";
import {
  getAccessOptions,
  listEnvironmentsOptions,
  listLatelyOptions,
  listReviewsOptions,
  listWaitingOptions,
  meOptions,
  queries,
  status,
  type StatusShown,
} from "../../api";
import { pause, SOON_MS } from "../../pause";

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
    if (!before) {
      queries.setQueryData(queryKey, found);
      // The first rows are drawn before the rest is asked for: on a small machine both want the same processors.
      if (pages === 1) await Promise.race([drawn(), pause(SOON_MS)]);
    }
    const more = await page(project, found.next, PAGE);
    found = { ...more, items: [...found.items, ...more.items] };
  }
  return found;
}

/** Kept when the browser has drawn what there is; a window that nobody sees is not drawn. */
const drawn = (): Promise<unknown> => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

async function page(project: string, after: string, limit: number): Promise<StatusShown> {
  return (await status({ path: { project }, query: { after, limit }, throwOnError: true })).data;
}

/** Asks for all that the page shows. Kept when the first rows are there, and what stands around them; or soon without. */
export function firstAnswers(project: string): Promise<void> {
  const path = { project };
  const shown = [statusOptions(project), getAccessOptions({ path }), listEnvironmentsOptions({ path }), meOptions()];
  const beside = [listReviewsOptions({ path }), listWaitingOptions({ path }), listLatelyOptions({ path })];
  for (const options of [...shown, ...beside]) void queries.prefetchQuery(options as FetchQueryOptions);
  return Promise.race([arrived(shown.map(({ queryKey }) => queryKey)), pause(SOON_MS)]);
}

/** Kept when each of the queries has data, be it the first part of it, or has failed. */
function arrived(keys: readonly QueryKey[]): Promise<void> {
  const answered = (key: QueryKey): boolean => {
    const state = queries.getQueryState(key);
    return state !== undefined && (state.data !== undefined || state.status === "error");
  };
  return new Promise((done) => {
    const look = (): void => {
      if (!keys.every(answered)) return;
      stop();
      done();
    };
    const stop = queries.getQueryCache().subscribe(look);
    look();
  });
}
