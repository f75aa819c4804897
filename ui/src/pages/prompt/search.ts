import { count, oneOf, type Search } from "../../search";

/** `version`: the one that is shown; `against`: the one it is compared with; `view`: how; `tab`: what beside it. */
export interface PromptSearch {
  version?: number;
  against?: number;
  view?: "side" | "inline";
  tab?: Tab;
}

export const TABS = ["content", "versions", "try", "use", "dependents"] as const;
export type Tab = (typeof TABS)[number];

export const promptSearch = (search: Search): PromptSearch => ({
  version: count(search, "version"),
  against: count(search, "against"),
  view: oneOf(search, "view", ["side", "inline"]),
  tab: oneOf(search, "tab", TABS),
});
