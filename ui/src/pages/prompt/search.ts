import { count, oneOf, type Search } from "../../search";

/** `version`: the one that is shown; `against`: the one it is compared with; `view`: how; `tab`: what beside it. */
export interface PromptSearch {
  version?: number;
  against?: number;
  view?: "side" | "inline";
  tab?: "content" | "versions" | "use" | "dependents";
}

export const promptSearch = (search: Search): PromptSearch => ({
  version: count(search, "version"),
  against: count(search, "against"),
  view: oneOf(search, "view", ["side", "inline"]),
  tab: oneOf(search, "tab", ["content", "versions", "use", "dependents"]),
});
