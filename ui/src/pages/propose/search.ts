import { count, oneOf, type Search, text } from "../../search";

/**
 * What is proposed for `environment`: `prompt` at `version`, everything that differs in the environment `from`, or the items of
 * another `release`. `kind` says what it does. A rollback takes back a `revision`, or everything since a `time`.
 */
export interface ProposeSearch {
  environment?: string;
  prompt?: string;
  version?: number;
  kind?: "promote" | "rollback" | "retire";
  from?: string;
  release?: number;
  revision?: number;
  time?: string;
}

export const proposeSearch = (search: Search): ProposeSearch => ({
  environment: text(search, "environment"),
  prompt: text(search, "prompt"),
  version: count(search, "version"),
  kind: oneOf(search, "kind", ["promote", "rollback", "retire"]),
  from: text(search, "from"),
  release: count(search, "release"),
  revision: count(search, "revision"),
  time: text(search, "time"),
});
