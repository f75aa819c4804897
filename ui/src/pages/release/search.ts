import { oneOf, type Search } from "../../search";

/** `against`: what the items are held against, the live version or the one that lived there longest; `view`: how it is shown. */
export interface ReleaseSearch {
  against?: "live" | "longest";
  view?: "side" | "inline";
}

export const releaseSearch = (search: Search): ReleaseSearch => ({
  against: oneOf(search, "against", ["live", "longest"]),
  view: oneOf(search, "view", ["side", "inline"]),
});
