import { useEffect, useState } from "react";

/*
 * Whoever goes by keys goes on from where they were. A part that vanishes, or a button that waits for its answer, leaves the
 * browser without one: the next Tab would begin at the top of the page, and a reader of screens would hear nothing.
 */

/** Gives the focus back to what had it before, or to the page where that is gone, unless something else has it by now. */
export function goOn(before: Element | null): void {
  setTimeout(() => {
    if (document.activeElement !== document.body) return;
    const there = before instanceof HTMLElement && before !== document.body && before.isConnected;
    if (there) before.focus({ preventScroll: true });
    if (document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
  });
}

/** For what comes and goes as a whole, such as a dialog: afterwards one is where one was before. */
export function useWayBack(): void {
  const [before] = useState(() => document.activeElement);
  useEffect(() => () => goOn(before), [before]);
}
