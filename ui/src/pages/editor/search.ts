import { count, type Search } from "../../search";

/** `from`: the version whose content one begins with, instead of the newest. */
export interface EditorSearch {
  from?: number;
}

export const editorSearch = (search: Search): EditorSearch => ({ from: count(search, "from") });
