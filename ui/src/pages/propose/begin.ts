import { useQuery } from "@tanstack/react-query";
import { compareEnvironmentsOptions, environmentHistoryOptions, getReleaseOptions, type ItemIn } from "../../api";
import type { ProposeSearch } from "./search";

/** What the form begins with; `kept`: prompts that were new with the revision that is taken back, and stay. */
export interface Beginning {
  items: ItemIn[];
  reason?: string;
  kept: string[];
}

/** The items that the address asks for, once they are known. */
export function useBeginning(project: string, search: ProposeSearch) {
  const { environment = "", from = "", release = 0, revision = 0, prompt, version } = search;
  const drift = useQuery({
    ...compareEnvironmentsOptions({ path: { project }, query: { from, to: environment } }),
    enabled: from !== "" && environment !== "",
  });
  const other = useQuery({ ...getReleaseOptions({ path: { project, release_id: release } }), enabled: release > 0 });
  const history = useQuery({
    ...environmentHistoryOptions({ path: { project, environment }, query: { before: revision + 1, limit: 1 } }),
    enabled: revision > 0 && environment !== "",
  });
  if (release > 0) {
    const items = other.data?.items.map((item) => ({ prompt: item.prompt, version: item.version }));
    return { error: other.error, found: items && { items, reason: other.data?.reason, kept: [] } };
  }
  if (revision > 0) {
    const changes = history.data?.items.filter((change) => change.revision === revision);
    // `replaces` is what that revision brought: where something else is live by now, the API says so instead of overwriting it.
    const back = changes?.filter((change) => change.before !== null);
    const items = back?.map((change) => ({ prompt: change.prompt, version: change.before, replaces: change.after }));
    const kept = changes?.filter((change) => change.before === null).map((change) => change.prompt);
    return { error: history.error, found: items && { items, kept: kept ?? [] } };
  }
  if (from !== "") {
    const items = drift.data?.items.filter((one) => one.from_version !== null);
    const wanted = items?.map((one) => ({ prompt: one.prompt, version: one.from_version }));
    return { error: drift.error, found: wanted && { items: wanted, kept: [] } };
  }
  const items: ItemIn[] = prompt ? [{ prompt, ...(version ? { version } : {}) }] : [];
  return { error: null, found: { items, kept: [] } };
}
