import { Button, Group, Modal, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import type { EnvironmentShown } from "../../api";
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

/** Ends a freeze early: a change of the rules, which no freeze stops. */
function Lift({ project, stop, window, close }: Place & { window: Window; close: () => void }) {
  const freeze = rulesOf(stop).freeze.filter((one) => one !== window);
  return (
    <Modal opened onClose={close} title="Lift the freeze">
      <Stack>
        <Text size="sm">
          Releases to {stop.name} go on, as its other rules let them. What was approved before is approved again first.
        </Text>
        <Change project={project} environment={stop.name} policy={{ freeze }} verb="Lift it" done={close} />
      </Stack>
    </Modal>
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
