import { Box, Button, Code, FileInput, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { type CheckpointShown, getCheckpoint, Refusal } from "../../api";
import { Dialog } from "../../shared/Dialog";
import { Moment } from "../../shared/Moment";
import { exportAddress } from "./addresses";
import { linesOf, type Verdict, verify } from "./chain";
import { type Vouched, vouchedBy } from "./checkpoint";

interface Found extends Verdict {
  vouched: Vouched;
  kept: boolean;
}

/** Checks the chain in this browser: nobody's word is taken for it, the server's neither. */
export function Verify({ project, onClose }: { project: string; onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [checked, setChecked] = useState<number>();
  const [found, setFound] = useState<Found>();
  const [refusal, setRefusal] = useState<Refusal>();
  const check = async (): Promise<void> => {
    setChecked(0);
    setFound(undefined);
    setRefusal(undefined);
    try {
      const vouched = await vouchedBy(file ? await read(file) : (await getCheckpoint({ path: { project } })).data!);
      if (vouched.signed === "no") throw badSignature;
      const answer = await fetch(exportAddress(project, "jsonl"));
      if (!answer.ok || answer.body === null) throw Refusal.of(await answer.json(), answer.status);
      setFound({ ...(await verify(linesOf(answer.body), vouched, setChecked)), vouched, kept: file !== null });
    } catch (error) {
      setRefusal(error instanceof SyntaxError || error instanceof TypeError ? noCheckpoint : Refusal.of(error, 0));
    } finally {
      setChecked(undefined);
    }
  };
  return (
    <Dialog
      opened
      onClose={onClose}
      title="Verify the chain"
      leave="Close"
      verb={checked === undefined ? "Verify" : `Verifying … ${checked}`}
      busy={checked !== undefined}
      refusal={refusal}
      onSend={check}
    >
      <Text size="sm">
        Every entry carries the hash of the one before. This browser fetches the whole chain and computes each hash
        anew: what was changed, moved, inserted or left out shows.
      </Text>
      <FileInput
        label="A checkpoint that you kept"
        description="It shows a chain that was cut at its end or written anew. Without one, the server's word of now is taken."
        placeholder="None"
        clearable
        clearButtonProps={{ "aria-label": "Without a checkpoint" }}
        value={file}
        onChange={setFile}
      />
      {found && <Result of={found} />}
    </Dialog>
  );
}

function Result({ of }: { of: Found }) {
  const intact = of.brokenAt === undefined;
  const title = intact ? `${of.entries} entries, all intact.` : `Broken at entry ${of.brokenAt}.`;
  return (
    <Box
      className={intact ? "newest" : "gone"}
      p="md"
      role="status"
      style={{ borderRadius: "var(--mantine-radius-md)" }}
    >
      <Stack gap={4}>
        <Text fw={600}>{title}</Text>
        {!intact && (
          <Text size="sm">
            {of.problem}. The {of.entries} before it are intact. Export the chain, keep it, and ask whoever runs the
            database.
          </Text>
        )}
        <Text size="sm" component="div">
          The last hash that fits: <Code style={{ overflowWrap: "anywhere" }}>{of.head}</Code>
        </Text>
        <Text size="sm" component="div">
          {of.kept ? "Your checkpoint" : "The server's checkpoint"} is of <Moment at={of.vouched.at} />, and vouches for{" "}
          {of.vouched.seq} entries by the key <Code>{of.vouched.key}</Code>
          {of.vouched.signed === "unknown" && ", whose signature this browser cannot check"}.
        </Text>
      </Stack>
    </Box>
  );
}

/** What can be done with the whole chain: check it, take it along, vouch for it. */
export function Chain({ project, filter }: { project: string; filter: Record<string, unknown> }) {
  const [open, setOpen] = useState(false);
  return (
    <Group gap="xs">
      <Button onClick={() => setOpen(true)}>Verify …</Button>
      <Button
        variant="default"
        component="a"
        href={exportAddress(project, "jsonl", filter)}
        download={`audit-${project}.jsonl`}
      >
        Export JSON lines
      </Button>
      <Button
        variant="default"
        component="a"
        href={exportAddress(project, "csv", filter)}
        download={`audit-${project}.csv`}
      >
        Export CSV
      </Button>
      <Button
        variant="default"
        component="a"
        href={`/api/projects/${project}/audit/checkpoint`}
        download={`checkpoint-${project}.json`}
      >
        Checkpoint to keep
      </Button>
      {open && <Verify project={project} onClose={() => setOpen(false)} />}
    </Group>
  );
}

const read = async (file: File): Promise<CheckpointShown> => JSON.parse(await file.text()) as CheckpointShown;

const noCheckpoint = new Refusal(0, {
  code: "bad_checkpoint",
  title: "The file is no checkpoint.",
  hint: "Choose a file that `Checkpoint to keep` or `cuebook audit checkpoint` wrote.",
});
const badSignature = new Refusal(0, {
  code: "bad_checkpoint",
  title: "The checkpoint's signature is not of its key, or the checkpoint was changed.",
  hint: "Take the file from where it was first kept.",
});
