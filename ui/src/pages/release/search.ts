import { oneOf, type Search, text } from "../../search";

/** `prompt`: the item whose difference is open; `against`: what it is held against; `view`: how. */
export interface ReleaseSearch {
  prompt?: string;
  against?: "live" | "longest";
  view?: "side" | "inline";
}

export const releaseSearch = (search: Search): ReleaseSearch => ({
  prompt: text(search, "prompt"),
  against: oneOf(search, "against", ["live", "longest"]),
  view: oneOf(search, "view", ["side", "inline"]),
});
