import { Button, Group, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type FormEvent, useCallback, useState, useSyncExternalStore } from "react";
import { confirm, queries, Refusal, signInAddress } from "../api";
import { Problem } from "./Problem";

/*
 * Everything that changes something goes through `useAct`: it keeps a button from being pressed twice, asks for the password
 * where the API wants a recent sign-in and then repeats what was refused, and shows afterwards what is so now.
 */

type Asked = { again: () => void; leave: () => void };
let asked: Asked | undefined;
const listeners = new Set<() => void>();
const ask = (next: Asked | undefined): void => {
  asked = next;
  listeners.forEach((tell) => tell());
};

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
    setBusy(true);
    setRefusal(undefined);
    try {
      const answer = await signedInLately(call);
      if (done) notifications.show({ message: done });
      await queries.invalidateQueries();
      return answer;
    } catch (error) {
      setRefusal(Refusal.of(error, 0));
      return undefined;
    } finally {
      setBusy(false);
    }
  }, []);
  return { act, busy, refusal, forget: useCallback(() => setRefusal(undefined), []) };
}

async function signedInLately<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "recent_sign_in_needed") throw error;
    await new Promise<void>((again, leave) => ask({ again, leave: () => leave(error) }));
    return call();
  }
}

/** The dialog that asks who is there; it stands once, beside the pages. */
export function SignInAgain() {
  const open = useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => asked,
  );
  const [password, setPassword] = useState("");
  const [refusal, setRefusal] = useState<Refusal>();
  const end = (how: "again" | "leave"): void => {
    open?.[how]();
    setPassword("");
    setRefusal(undefined);
    ask(undefined);
  };
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    try {
      await confirm({ body: { password } });
      end("again");
    } catch (error) {
      setRefusal(Refusal.of(error, 0));
    }
  };
  return (
    <Modal opened={open !== undefined} onClose={() => end("leave")} title="Is it still you?">
      <form onSubmit={send}>
        <Stack>
          <Text size="sm">This needs a sign-in of the last 15 minutes. Your password once more:</Text>
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            data-autofocus
          />
          {refusal && <Problem refusal={refusal} />}
          <Group justify="space-between">
            <a href={signInAddress()}>Sign in another way</a>
            <Button type="submit" disabled={password === ""}>
              Go on
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
