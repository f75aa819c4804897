import type { Permission } from "./frame/here";

/** A place of the frame's list. A page joins when it is there: nothing leads to an empty room. */
export interface Place {
  label: string;
  to: string;
  /** Whether it belongs to the project one is in. */
  inProject: boolean;
  /** What one must be allowed, in the project or in the whole instance, to be led there. */
  needs?: Permission;
}

export const PLACES: readonly Place[] = [
  { label: "What runs where", to: "/p/$project", inProject: true },
  { label: "Releases", to: "/p/$project/releases", inProject: true },
  { label: "Keys", to: "/p/$project/keys", inProject: true },
  { label: "Members", to: "/p/$project/members", inProject: true },
  { label: "Webhooks", to: "/p/$project/webhooks", inProject: true, needs: "webhooks.write" },
  { label: "Audit", to: "/p/$project/audit", inProject: true },
];

/** Places about oneself or the whole server, under the name at the foot of the frame. */
export const PERSONAL: readonly Place[] = [
  { label: "Notices", to: "/notices", inProject: false },
  { label: "Your account", to: "/me", inProject: false },
  { label: "People", to: "/people", inProject: false, needs: "members.write" },
  { label: "New project", to: "/new-project", inProject: false, needs: "projects.create" },
];
