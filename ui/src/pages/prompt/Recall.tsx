import { Alert, Button, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { listRecallsOptions, type RecallShown, recallVersion } from "../../api";
import { useMay } from "../../frame/here";
import { useAct } from "../../shared/acting";
import { ConfirmWithReason } from "../../shared/ConfirmWithReason";
import { Moment } from "../../shared/Moment";
import { PersonName } from "../../shared/PersonName";

/** The recalls of a prompt, by version. */
export function useRecalls(project: string, name: string): ReadonlyMap<number, RecallShown> {
  const { data } = useQuery(listRecallsOptions({ path: { project } }));
  const mine = (data?.items ?? []).filter((recall) => recall.prompt === name);
  return new Map(mine.map((recall) => [recall.version, recall]));
}

/** That a version was declared harmful, where it was. */
export function Recalled({ project, name, number }: { project: string; name: string; number: number }) {
  const recall = useRecalls(project, name).get(number);
  if (recall === undefined) return null;
  return (
    <Alert color="red" variant="light" title="This version was recalled: no environment takes it any more.">
      <Text className="typed">{recall.reason}</Text>
      <Text size="sm">
        By <PersonName of={recall.by} />, <Moment at={recall.at} />
      </Text>
    </Alert>
  );
}

/** Declares a version harmful; for those who may. */
export function RecallVersion({ project, name, number }: { project: string; name: string; number: number }) {
  const [opened, { open, close }] = useDisclosure();
  const { act, busy, refusal, forget } = useAct();
  const may = useMay(project)("versions.recall");
  const recalled = useRecalls(project, name).has(number);
  if (!may || recalled) return null;
  const recall = async (reason: string): Promise<void> => {
    const path = { project, name, number };
    if (await act(() => recallVersion({ path, body: { reason } }), `Version ${number} was recalled.`)) close();
  };
  const leave = (): void => {
    forget();
    close();
  };
  return (
    <>
      <Button variant="default" onClick={open}>
        Recall …
      </Button>
      <ConfirmWithReason
        opened={opened}
        onClose={leave}
        title={`Recall version ${number} of ${name}`}
        verb={`Recall version ${number}`}
        danger
        busy={busy}
        refusal={refusal}
        onConfirm={recall}
      >
        <Text size="sm">
          Every environment that serves it goes back to the last version that is not recalled, at once, and none takes
          it again. The version itself stays readable.
        </Text>
      </ConfirmWithReason>
    </>
  );
}
