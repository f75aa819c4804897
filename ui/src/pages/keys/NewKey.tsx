import { NativeSelect, Text, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { createKey, listEnvironmentsOptions } from "../../api";
import { useAct } from "../../shared/acting";
import { Command } from "../../shared/Command";
import { Dialog } from "../../shared/Dialog";
import { Life } from "../../shared/Life";
import { SecretOnce } from "../../shared/SecretOnce";

/** Makes a delivery key, and shows its secret once. */
export function NewKey({ project, onClose }: { project: string; onClose: () => void }) {
  const { act, busy, refusal } = useAct();
  const environments = useQuery(listEnvironmentsOptions({ path: { project } }));
  const names = environments.data?.items.map((environment) => environment.name) ?? [];
  const [name, setName] = useState("");
  const [chosen, setEnvironment] = useState("");
  const [life, setLife] = useState<number>();
  const [networks, setNetworks] = useState("");
  const [secret, setSecret] = useState<string>();
  const environment = chosen || (names[0] ?? "");
  const make = async (): Promise<void> => {
    const body = { name, environment, expires_in_s: life, networks: networks.split(/[\s,]+/).filter(Boolean) };
    const made = await act(() => createKey({ path: { project }, body }));
    setSecret(made?.data?.key);
  };
  if (secret) {
    return (
      <SecretOnce title={`The key of ${name}, for ${environment}`} secret={secret} onKept={onClose}>
        <Text size="sm">
          The application reads it from <code>CUEBOOK_KEY</code>, or from the file that <code>CUEBOOK_KEY_FILE</code>{" "}
          names, and finds this server by:
        </Text>
        <Command>{`CUEBOOK_URL=${location.origin}`}</Command>
      </SecretOnce>
    );
  }
  return (
    <Dialog
      opened
      onClose={onClose}
      title="New delivery key"
      verb="Make the key"
      busy={busy}
      disabled={name.trim() === "" || environment === ""}
      refusal={refusal}
      onSend={make}
    >
      <TextInput
        label="Name"
        description="What uses it: one key for each application."
        required
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        data-autofocus
      />
      <NativeSelect
        label="Environment"
        description="What the key reads. It cannot be changed later."
        data={names}
        value={environment}
        onChange={(event) => setEnvironment(event.currentTarget.value)}
      />
      <Life value={life} onChange={setLife} />
      <Textarea
        label="Only from these networks"
        description="As CIDR, such as 10.0.0.0/8, one a line. Empty: from anywhere."
        autosize
        minRows={1}
        value={networks}
        onChange={(event) => setNetworks(event.currentTarget.value)}
      />
    </Dialog>
  );
}
