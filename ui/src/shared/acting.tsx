import { notifications } from "@mantine/notifications";
import { useCallback, useState } from "react";
import { isSignedOut, queries, Refusal } from "../api";
import { pause } from "../pause";
import { goOn } from "./focus";
import { ask } from "./SignInAgain";

/*
 * Everything that changes something goes through `useAct`: it keeps a button from being pressed twice, asks for the password
 * where the session has ended or the API wants a recent sign-in, then repeats what was refused, and shows afterwards what is
 * so now.
 */

// So long what was done waits for what is shown to follow.
const FRESH_MS = 2_000;

/** `act` runs a call of the API; its answer, or `undefined` with the refusal in `refusal`. `done` is said to the person. */
export function useAct(): {
  act: <T>(call: () => Promise<T>, done?: string) => Promise<T | undefined>;
  busy: boolean;
  refusal: Refusal | undefined;
  forget: () => void;
} {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal>();
  const act = useCallback(async <T,>(call: () => Promise<T>, done = ""): Promise<T | undefined> => {
    const before = document.activeElement;
    setBusy(true);
    setRefusal(undefined);
    try {
      const answer = await signedInLately(call);
      if (done) notifications.show({ message: done });
      await Promise.race([queries.invalidateQueries(), pause(FRESH_MS)]);
      return answer;
    } catch (error) {
      setRefusal(Refusal.of(error, 0));
      return undefined;
    } finally {
      setBusy(false);
      goOn(before);
    }
  }, []);
  return { act, busy, refusal, forget: useCallback(() => setRefusal(undefined), []) };
}

async function signedInLately<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (isSignedOut(error)) await ask("sign in", error);
    else if (error instanceof Refusal && error.code === "recent_sign_in_needed") await ask("confirm", error);
    else throw error;
    return call();
  }
}
