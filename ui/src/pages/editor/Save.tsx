import { Alert, Button, Checkbox, Text, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { saveVersion } from "../../api";
import { useAct } from "../../shared/acting";
import { Dialog } from "../../shared/Dialog";
import { Difference } from "../../shared/Difference";
import { MOD } from "../../shared/keys";
import { Loaded } from "../../shared/Loading";
import type { Content } from "../prompt/content";
import { compared, useCheck } from "./checked";
import type { Draft } from "./draft";

interface SaveProps {
  project: string;
  name: string;
  draft: Draft;
  onClose: () => void;
  onSaved: () => void;
  onBase: (base: number) => void;
}

/** What the draft changes, and why; when somebody was quicker, both sides. */
export function Save({ project, name, draft, onClose, onSaved, onBase }: SaveProps) {
  const [message, setMessage] = useState("");
  const { act, busy, refusal, forget } = useAct();
  const go = useNavigate();
  const theirs = refusal?.code === "base_moved" ? (refusal.data.theirs as Content | null) : undefined;
  const newest = Number(refusal?.data.newest ?? 0);
  const [meant, setMeant] = useState(false);
  // What would be new in the line of versions: its newest one, as far as the author knew, may not be what was edited.
  const comparison = useQuery(compared(project, name, draft.content, theirs ? newest : draft.base));
  const nothing = !theirs && (comparison.data?.same ?? false);
  const looked = useCheck(project, name, draft.content);
  const secret = looked.said?.findings.some(({ confirm }) => confirm) ?? false;
  // What comes late must not push the button away under a finger. Where the server cannot look at it, it says why when it is
  // saved.
  const waits = comparison.isPending || (!looked.current && looked.refusal === undefined);
  const send = async (): Promise<void> => {
    const body = { content: draft.content, message, base: draft.base };
    const made = await act(() => saveVersion({ path: { project, name }, body }));
    if (made === undefined) return;
    onSaved();
    await go({ to: "/p/$project/prompts/$name", params: { project, name } });
  };
  return (
    <Dialog
      opened
      onClose={onClose}
      title={theirs ? `Somebody saved version ${newest} meanwhile` : "What it changes"}
      verb="Save"
      disabled={theirs !== undefined || nothing || (secret && !meant)}
      waits={waits}
      busy={busy}
      refusal={theirs ? undefined : refusal}
      onSend={send}
    >
      {theirs ? (
        <>
          <Text>
            Nothing was saved, and nothing of yours is lost. Take over what you want to keep of theirs, or put yours on
            top. This leads from theirs to yours:
          </Text>
          <Loaded query={comparison}>{(found) => <Difference of={found} />}</Loaded>
          <Button
            variant="default"
            onClick={() => {
              onBase(newest);
              forget();
            }}
          >
            Mine goes on top of version {newest}
          </Button>
        </>
      ) : (
        <Loaded query={comparison}>
          {(found) =>
            nothing ? (
              <Text>It says what version {draft.base} says: there is nothing to save.</Text>
            ) : (
              <Difference of={found} />
            )
          }
        </Loaded>
      )}
      {secret && (
        <Alert color="red" variant="light" title="Something in it looks like a secret">
          <Checkbox
            label="Save it anyway: a version can be read for ever"
            checked={meant}
            onChange={(event) => setMeant(event.currentTarget.checked)}
          />
        </Alert>
      )}
      <Textarea
        label="Message"
        description={`Why: it stands in the line of versions. ${MOD} Enter saves.`}
        autosize
        value={message}
        onChange={(event) => setMessage(event.currentTarget.value)}
        data-autofocus
      />
    </Dialog>
  );
}
