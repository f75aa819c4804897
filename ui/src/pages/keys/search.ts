import { oneOf, type Search, text } from "../../search";

/** `q`: letters of a name; `environment`; `ended`: also those that count no more; `make`: what is being made. */
export interface KeysSearch {
  q?: string;
  environment?: string;
  ended?: "shown";
  make?: "key" | "token";
}

export const keysSearch = (search: Search): KeysSearch => ({
  q: text(search, "q"),
  environment: text(search, "environment"),
  ended: oneOf(search, "ended", ["shown"]),
  make: oneOf(search, "make", ["key", "token"]),
});
