/** A place of the frame's list. A page joins when it is there: nothing leads to an empty room. */
export interface Place {
  label: string;
  to: string;
  /** Whether it belongs to the project one is in. */
  inProject: boolean;
}

export const PLACES: readonly Place[] = [{ label: "What runs where", to: "/p/$project", inProject: true }];

/** Places about oneself or the whole server, under the name at the foot of the frame. */
export const PERSONAL: readonly Place[] = [];
