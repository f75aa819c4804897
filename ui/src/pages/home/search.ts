import { oneOf, type Search, text } from "../../search";

/** `q`: letters of a name; `folder`: what names begin with; `tag`, `owner`; `show`: only rows where environments differ. */
export interface HomeSearch {
  q?: string;
  folder?: string;
  tag?: string;
  owner?: string;
  show?: "differing";
}

export const homeSearch = (search: Search): HomeSearch => ({
  q: text(search, "q"),
  folder: text(search, "folder"),
  tag: text(search, "tag"),
  owner: text(search, "owner"),
  show: oneOf(search, "show", ["differing"]),
});
