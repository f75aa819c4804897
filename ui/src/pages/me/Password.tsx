import { Button, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { changePassword } from "../../api";
import { useAct } from "../../shared/acting";
import { Problem } from "../../shared/Problem";

/** A new password; every other session of one's own ends with the old one. */
export function Password() {
  const { act, busy, refusal } = useAct();
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const done = await act(
      () => changePassword({ body: { old, new: fresh } }),
      "The password was changed; your other sessions have ended.",
    );
    if (!done) return;
    setOld("");
    setFresh("");
  };
  return (
    <Stack component="section" gap="xs" maw="26rem">
      <Title order={2}>Password</Title>
      <Text size="sm" c="dimmed">
        Changing it ends your sessions everywhere but here. With your organisation's sign-in there is none to change.
      </Text>
      <form onSubmit={send}>
        <Stack>
          <PasswordInput
            label="The one you have"
            autoComplete="current-password"
            value={old}
            onChange={(event) => setOld(event.currentTarget.value)}
          />
          <PasswordInput
            label="The new one"
            description="12 characters or more."
            autoComplete="new-password"
            value={fresh}
            onChange={(event) => setFresh(event.currentTarget.value)}
          />
          {refusal && <Problem refusal={refusal} />}
          <Button
            type="submit"
            loading={busy}
            disabled={old === "" || fresh === ""}
            style={{ alignSelf: "flex-start" }}
          >
            Change the password
          </Button>
        </Stack>
      </form>
    </Stack>
  );
}
