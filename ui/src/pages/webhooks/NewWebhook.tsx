import { Checkbox, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { createWebhook, listEnvironmentsOptions } from "../../api";
import { useAct } from "../../shared/acting";
import { Dialog } from "../../shared/Dialog";
import { SecretOnce } from "../../shared/SecretOnce";
import { EVENTS } from "./events";

/** Tells an address outside of what happens, and shows once by which secret its messages are signed. */
export function NewWebhook({ project, onClose }: { project: string; onClose: () => void }) {
  const { act, busy, refusal } = useAct();
  const stops = useQuery(listEnvironmentsOptions({ path: { project } }));
  const [url, setUrl] = useState("");
  const [name, setName] = useState("");
  const [events, setEvents] = useState<string[]>([]);
  const [environments, setEnvironments] = useState<string[]>([]);
  const [secret, setSecret] = useState<string>();
  const make = async (): Promise<void> => {
    const body = { url, name, events, environments };
    setSecret((await act(() => createWebhook({ path: { project }, body })))?.data?.secret);
  };
  if (secret) return <SigningSecret title={`The secret of ${name || url}`} secret={secret} onKept={onClose} />;
  return (
    <Dialog
      opened
      onClose={onClose}
      title="New webhook"
      verb="Make the webhook"
      busy={busy}
      disabled={url.trim() === ""}
      refusal={refusal}
      onSend={make}
    >
      <TextInput
        label="Address"
        description="Where the messages go, such as https://hooks.example.com/cuebook."
        required
        maxLength={2000}
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value.trim())}
        data-autofocus
      />
      <TextInput
        label="Name"
        description="Empty: the host of its address."
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Checkbox.Group
        label="Only in these environments"
        description="Nothing chosen: in all of them."
        value={environments}
        onChange={setEnvironments}
      >
        <Stack gap={6} mt="xs">
          {stops.data?.items.map((stop) => (
            <Checkbox key={stop.name} value={stop.name} size="sm" label={stop.name} />
          ))}
        </Stack>
      </Checkbox.Group>
      <Checkbox.Group
        label="Only these events"
        description="Nothing chosen: all of them, from now on."
        value={events}
        onChange={setEvents}
      >
        <Stack gap={6} mt="xs">
          {Object.entries(EVENTS).map(([event, words]) => (
            <Checkbox
              key={event}
              value={event}
              size="sm"
              label={
                <>
                  {words}{" "}
                  <Text span size="sm" c="dimmed">
                    {event}
                  </Text>
                </>
              }
            />
          ))}
        </Stack>
      </Checkbox.Group>
    </Dialog>
  );
}

export function SigningSecret(props: { title: string; secret: string; onKept: () => void }) {
  return (
    <SecretOnce {...props}>
      <Text size="sm">
        The receiver checks with it that a message comes from here and is whole, as Standard Webhooks says.
      </Text>
    </SecretOnce>
  );
}
