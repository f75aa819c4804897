import { oneOf, type Search, text } from "../../search";

/** `make`: a webhook is being made. `log`: the webhook whose log is open. */
export interface WebhooksSearch {
  make?: "webhook";
  log?: string;
}

export const webhooksSearch = (search: Search): WebhooksSearch => ({
  make: oneOf(search, "make", ["webhook"]),
  log: text(search, "log"),
});
