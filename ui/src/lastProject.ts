/** Where the browser remembers which project one was in. */
export const LAST_PROJECT = "cuebook-project";
