import { oneOf, type Search, text } from "../../search";

/** `tab`: what one looks at; `at`: the moment of the time machine; `against`: the environment compared; `prompt`: one prompt. */
export interface EnvironmentSearch {
  tab?: "history" | "policy" | "time" | "drift";
  at?: string;
  against?: string;
  prompt?: string;
}

export const environmentSearch = (search: Search): EnvironmentSearch => ({
  tab: oneOf(search, "tab", ["history", "policy", "time", "drift"]),
  at: text(search, "at"),
  against: text(search, "against"),
  prompt: text(search, "prompt"),
});
