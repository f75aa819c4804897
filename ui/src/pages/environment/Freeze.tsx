import { Button, Group, Modal, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import { changeEnvironment, type EnvironmentShown } from "../../api";
import { useAct } from "../../shared/acting";
import { Dialog } from "../../shared/Dialog";
import { Change } from "./Change";
import { rulesOf, utc, type Window } from "./rules";

const HOUR_MS = 3_600_000;
const SPANS = [
  { value: "1", label: "an hour" },
  { value: "4", label: "4 hours" },
  { value: "24", label: "a day" },
  { value: "72", label: "3 days" },
  { value: "168", label: "a week" },
];

interface Place {
  project: string;
  stop: EnvironmentShown;
}

/** Stops every release for a while, at once; rollbacks go on. */
export function Freeze({ project, stop }: Place) {
  const [opened, setOpened] = useState(false);
  const [lifting, setLifting] = useState<Window>();
  const windows = rulesOf(stop).freeze;
  return (
    <section aria-labelledby="freeze">
      <Group justify="space-between" mb="xs">
        <Title order={2} id="freeze">
          Freezes
        </Title>
        <Button variant="default" onClick={() => setOpened(true)}>
          Freeze now …
        </Button>
      </Group>
      {windows.length === 0 && <Text size="sm">None: releases go on at any time.</Text>}
      {windows.map((window) => (
        <Group key={`${window.starts} ${window.ends} ${window.days.join()}`} justify="space-between" wrap="nowrap">
          <Text size="sm" className="typed">
            {window.days.length > 0 && `${window.days.join(", ")} `}
            {window.starts} – {window.ends} ({window.zone}) {window.reason}
          </Text>
          <Button size="xs" variant="default" onClick={() => setLifting(window)}>
            Lift
          </Button>
        </Group>
      ))}
      {opened && <FreezeNow project={project} stop={stop} close={() => setOpened(false)} />}
      {lifting && <Lift project={project} stop={stop} window={lifting} close={() => setLifting(undefined)} />}
    </section>
  );
}

/** Ends a freeze early. No release does that: a freeze stops releases that change rules, too. */
function Lift({ project, stop, window, close }: Place & { window: Window; close: () => void }) {
  const { act, busy, refusal } = useAct();
  const send = async (): Promise<void> => {
    const freeze = rulesOf(stop).freeze.filter((one) => one !== window);
    const path = { project, environment: stop.name };
    if (await act(() => changeEnvironment({ path, body: { policy: { freeze } }, throwOnError: true }), "Lifted."))
      close();
  };
  return (
    <Dialog opened onClose={close} title="Lift the freeze" verb="Lift it" busy={busy} refusal={refusal} onSend={send}>
      <Text size="sm">Releases to {stop.name} go on at once, as its other rules let them.</Text>
    </Dialog>
  );
}

function FreezeNow({ project, stop, close }: Place & { close: () => void }) {
  const [hours, setHours] = useState("24");
  const [words, setWords] = useState("");
  // A minute back: the clock of this machine may be ahead of the server's. Held still, or the answer would be asked for for ever.
  const [now] = useState(() => Date.now());
  const window: Window = {
    starts: utc(new Date(now - 60_000)),
    ends: utc(new Date(now + Number(hours) * HOUR_MS)),
    zone: "UTC",
    days: [],
    reason: words.trim(),
  };
  return (
    <Modal opened onClose={close} title={`Freeze ${stop.name}`}>
      <Stack>
        <Text size="sm">Nothing is released until it ends. Rollbacks and emergencies go on.</Text>
        <Select
          label="For"
          data={SPANS}
          value={hours}
          onChange={(value) => setHours(value ?? "24")}
          allowDeselect={false}
        />
        <TextInput
          label="What whoever wants to release is told"
          maxLength={200}
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
        <Change
          project={project}
          environment={stop.name}
          policy={{ freeze: [...rulesOf(stop).freeze, window] }}
          verb="Freeze now"
          done={close}
        />
      </Stack>
    </Modal>
  );
}
