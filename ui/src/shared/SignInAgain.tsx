import { Anchor, Button, Group, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState, useSyncExternalStore } from "react";
import { confirm, isSignedOut, meOptions, queries, Refusal, signIn, signInAddress } from "../api";
import { Problem } from "./Problem";

/** Why the password is asked for: the session has ended, or the API wants to know again who is there. */
type Why = "sign in" | "confirm";
interface Asked {
  why: Why;
  again: () => void;
  leave: () => void;
}

/** It is asked for in the middle of other dialogs, which stay open. */
const ABOVE_DIALOGS = 400;

let asked: readonly Asked[] = [];
const listeners = new Set<() => void>();
const tell = (next: readonly Asked[]): void => {
  asked = next;
  listeners.forEach((listener) => listener());
};

/** Ends when the person has given the password; fails with what was refused when they leave it. */
export const ask = (why: Why, refused: unknown): Promise<void> =>
  new Promise((again, leave) => tell([...asked, { why, again, leave: () => leave(refused) }]));

const WORDS: Record<Why, { title: string; text: string; verb: string }> = {
  "sign in": {
    title: "Your session has ended",
    text: "What you see and what you typed stays as it is. Sign in, and go on from here.",
    verb: "Sign in",
  },
  confirm: {
    title: "Is it still you?",
    text: "This needs a sign-in of the last 15 minutes. Your password once more:",
    verb: "Go on",
  },
};

/** The dialog that asks who is there; it stands once, beside the pages. Nothing behind it is lost. */
export function SignInAgain() {
  const open = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => asked,
  );
  const login = useQuery({ ...meOptions(), enabled: false }).data?.person ?? "";
  const [password, setPassword] = useState("");
  const [refusal, setRefusal] = useState<Refusal>();
  // Whatever was asked for in the background found nobody signed in: one dialog for all of it.
  useEffect(
    () =>
      queries.getQueryCache().subscribe(({ type, query }) => {
        const waits = asked.some(({ why }) => why === "sign in");
        if (type !== "updated" || waits || !isSignedOut(query.state.error)) return;
        ask("sign in", query.state.error).then(
          () => queries.invalidateQueries(),
          () => undefined,
        );
      }),
    [],
  );
  const why: Why = open.some((one) => one.why === "sign in") ? "sign in" : "confirm";
  const end = (how: "again" | "leave"): void => {
    const all = asked;
    tell([]);
    setPassword("");
    setRefusal(undefined);
    all.forEach((one) => one[how]());
  };
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    try {
      await (why === "sign in" ? signIn({ body: { login, password } }) : confirm({ body: { password } }));
      end("again");
    } catch (error) {
      // The session ended while it was asked who is there.
      if (isSignedOut(error)) tell(asked.map((one) => ({ ...one, why: "sign in" })));
      else setRefusal(Refusal.of(error, 0));
    }
  };
  return (
    <Modal
      opened={open.length > 0}
      onClose={() => end("leave")}
      title={WORDS[why].title}
      zIndex={ABOVE_DIALOGS}
      closeOnEscape={false}
    >
      <form onSubmit={send}>
        <Stack>
          <Text size="sm">{WORDS[why].text}</Text>
          {why === "sign in" && (
            <Text size="sm">
              You are <bdi>{login}</bdi>.
            </Text>
          )}
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            data-autofocus
            // Escape would close the dialog below, with what was typed there.
            data-mantine-stop-propagation="true"
          />
          {refusal && <Problem refusal={refusal} />}
          <Group justify="space-between">
            <Anchor href={signInAddress()} size="sm">
              Sign in another way
            </Anchor>
            <Button type="submit" disabled={password === ""}>
              {WORDS[why].verb}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
