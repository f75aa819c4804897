import { oneOf, type Search } from "../../search";

/** `add`: somebody is being given a role. */
export interface MembersSearch {
  add?: "somebody";
}

export const membersSearch = (search: Search): MembersSearch => ({ add: oneOf(search, "add", ["somebody"]) });
