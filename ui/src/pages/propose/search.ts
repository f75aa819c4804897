import { count, oneOf, type Search, text } from "../../search";

/** What is proposed: `prompt` at `version` for `environment`; `kind` says what it does. */
export interface ProposeSearch {
  environment?: string;
  prompt?: string;
  version?: number;
  kind?: "promote" | "rollback" | "retire";
}

export const proposeSearch = (search: Search): ProposeSearch => ({
  environment: text(search, "environment"),
  prompt: text(search, "prompt"),
  version: count(search, "version"),
  kind: oneOf(search, "kind", ["promote", "rollback", "retire"]),
});
