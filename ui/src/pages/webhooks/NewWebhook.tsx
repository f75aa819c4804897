import { Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { createWebhook, listEnvironmentsOptions } from "../../api";
import { useAct } from "../../shared/acting";
import { Choices } from "../../shared/Choices";
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
      <Choices
        label="Only in these environments"
        none="Nothing chosen: in all of them."
        of={Object.fromEntries(stops.data?.items.map((stop) => [stop.name, ""]) ?? [])}
        value={environments}
        onChange={setEnvironments}
      />
      <Choices
        label="Only these events"
        none="Nothing chosen: all of them, from now on."
        of={EVENTS}
        value={events}
        onChange={setEvents}
      />
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
