import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { type StandingShown as Standing, rebaseRelease } from "../../api";
import { useAct } from "../../shared/acting";
import { Problem } from "../../shared/Problem";
import { VersionSelect } from "../../shared/VersionSelect";

/** The same proposal with other versions: a new release that takes this one up. */
export function Revise({ project, standing, close }: { project: string; standing: Standing; close: () => void }) {
  const { act, busy, refusal } = useAct();
  const [chosen, setChosen] = useState<Record<string, number>>({});
  const go = useNavigate();
  const items = Object.entries(chosen).map(([prompt, version]) => ({ prompt, version }));
  const send = async (): Promise<void> => {
    const path = { project, release_id: standing.id };
    const made = await act(() => rebaseRelease({ path, body: { items }, throwOnError: true }), "Revised.");
    if (!made) return;
    close();
    await go({ to: "/p/$project/releases/$release", params: { project, release: String(made.data.id) } });
  };
  return (
    <Modal opened onClose={close} title="Propose other versions">
      <Stack>
        <Text size="sm">A new release takes this one up; reviewers then see only what changed.</Text>
        {standing.items.map((item) => (
          <Group key={item.prompt} justify="space-between">
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>
              {item.prompt}
            </Text>
            {item.version !== null && (
              <VersionSelect
                project={project}
                prompt={item.prompt}
                value={chosen[item.prompt] ?? item.version}
                onChange={(version) => setChosen({ ...chosen, [item.prompt]: version })}
                small
              />
            )}
          </Group>
        ))}
        {refusal && <Problem refusal={refusal} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Leave it
          </Button>
          <Button loading={busy} disabled={items.length === 0} onClick={send}>
            Revise
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
