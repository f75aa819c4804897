import type { Permission } from "./here";

/** Something the palette can do. It is offered to those whom the API lets. */
export interface Action {
  label: string;
  description: string;
  to: string;
  needs: Permission;
}

/** An action joins when its page is there. */
export const ACTIONS: readonly Action[] = [];
