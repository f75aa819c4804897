import type { Permission } from "./here";

/** Something the palette can do. It is offered to those whom the API lets. */
export interface Action {
  label: string;
  description: string;
  to: string;
  /** What stands behind the `?` of the address. */
  search?: Record<string, string>;
  needs: Permission;
}

/** An action joins when its page is there. */
export const ACTIONS: readonly Action[] = [
  {
    label: "New prompt",
    description: "A name and its first words",
    to: "/p/$project/new-prompt",
    needs: "prompts.write",
  },
  {
    label: "Release to an environment",
    description: "Promote versions, at once or as a proposal",
    to: "/p/$project/propose",
    needs: "releases.propose",
  },
  {
    label: "New delivery key",
    description: "For an application, to one environment",
    to: "/p/$project/keys",
    search: { make: "key" },
    needs: "keys.write",
  },
  {
    label: "New service token",
    description: "For CI and agents",
    to: "/p/$project/keys",
    search: { make: "token" },
    needs: "tokens.write",
  },
  {
    label: "New webhook",
    description: "Tell another system what happens here",
    to: "/p/$project/webhooks",
    search: { make: "webhook" },
    needs: "webhooks.write",
  },
  {
    label: "Add somebody",
    description: "Give a role in this project, or invite",
    to: "/p/$project/members",
    search: { add: "somebody" },
    needs: "members.write",
  },
];
