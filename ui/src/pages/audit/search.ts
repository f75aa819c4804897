import { count, type Search, text } from "../../search";

/** The filters of the audit, and `before`: the page that begins below an entry's number. */
export interface AuditSearch {
  action?: string;
  principal?: string;
  target?: string;
  environment?: string;
  since?: string;
  until?: string;
  before?: number;
}

export const auditSearch = (search: Search): AuditSearch => ({
  action: text(search, "action"),
  principal: text(search, "principal"),
  target: text(search, "target"),
  environment: text(search, "environment"),
  since: text(search, "since"),
  until: text(search, "until"),
  before: count(search, "before"),
});
