import { useSyncExternalStore } from "react";
import { age, exact, relative } from "./times";

let now = new Date();
const listeners = new Set<() => void>();
setInterval(() => {
  now = new Date();
  listeners.forEach((tell) => tell());
}, 30_000);

/** The time, in steps of half a minute: what shows ages grows older while one looks. */
export function useNow(): Date {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => now,
  );
}

/** When something was, in words; the exact moment is shown to whoever points at it. */
export function Moment({ at, short = false }: { at: string; short?: boolean }) {
  const date = new Date(at);
  const present = useNow();
  return (
    <time
      dateTime={at}
      onPointerEnter={(event) => {
        event.currentTarget.title = exact(date);
      }}
    >
      {short ? age(date, present) : relative(date, present)}
    </time>
  );
}
