import { count, oneOf, type Search, text } from "../../search";

/** `environment` and `state` narrow the list; `before`: the page that begins below a release's number. */
export interface ReleasesSearch {
  environment?: string;
  state?: "open" | "applied" | "ended";
  before?: number;
}

export const releasesSearch = (search: Search): ReleasesSearch => ({
  environment: text(search, "environment"),
  state: oneOf(search, "state", ["open", "applied", "ended"]),
  before: count(search, "before"),
});
