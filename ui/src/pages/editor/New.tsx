import { Button, SegmentedControl, Stack, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { getAccessOptions, saveVersion } from "../../api";
import { useAct } from "../../shared/acting";
import { EmptyState } from "../../shared/EmptyState";
import { Loaded } from "../../shared/Loading";
import { PageHeader } from "../../shared/PageHeader";
import { Problem } from "../../shared/Problem";
import type { Content } from "../prompt/content";

const KINDS = [
  { value: "chat", label: "A conversation" },
  { value: "text", label: "One text" },
];
/** Whoever saves it first has made it: another's prompt of that name is not written to. */
const NOTHING_YET = 0;

const first = (kind: string, text: string): Content =>
  kind === "chat" ? { kind: "chat", messages: [{ role: "system", content: text }] } : { kind: "text", text };

/** A name and the first words of a prompt; the editor is where it grows. Who may not save is told so, and asked for nothing. */
export function Page() {
  const { project } = useParams({ from: "/p/$project/new-prompt" });
  const access = useQuery(getAccessOptions({ path: { project } }));
  return (
    <>
      <PageHeader title="New prompt">
        An environment that follows the newest version serves it at once, every other one when somebody releases it
        there.
      </PageHeader>
      <Loaded query={access}>
        {({ project: held }) =>
          held.includes("prompts.write") ? <First project={project} /> : <Refused {...{ project }} />
        }
      </Loaded>
    </>
  );
}

function Refused({ project }: { project: string }) {
  return (
    <EmptyState title="You may not write prompts here.">
      An author may; an admin of the project gives such a role.{" "}
      <Link to="/p/$project" params={{ project }}>
        What runs where
      </Link>
    </EmptyState>
  );
}

function First({ project }: { project: string }) {
  const [name, setName] = useState("");
  const [kind, setKind] = useState("chat");
  const [text, setText] = useState("");
  const { act, busy, refusal } = useAct();
  const go = useNavigate();
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const content = { ...first(kind, text), engine: "simple", variables: {} };
    const body = { content, message: "First version", base: NOTHING_YET };
    const made = await act(() => saveVersion({ path: { project, name }, body }));
    if (made !== undefined) await go({ to: "/p/$project/prompts/$name/edit", params: { project, name } });
  };
  return (
    <form onSubmit={send} className="prose">
      <Stack>
        <TextInput
          label="Name"
          description="Small letters and digits; dots make folders: support.triage"
          required
          maxLength={200}
          value={name}
          onChange={(event) => setName(event.currentTarget.value.trim())}
          autoFocus
        />
        <SegmentedControl aria-label="Kind" data={KINDS} value={kind} onChange={setKind} />
        <Textarea
          label={kind === "chat" ? "What the model is told first" : "Text"}
          description="A word in two braces, such as {{ticket}}, is a variable."
          required
          autosize
          minRows={6}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {refusal && <Problem refusal={refusal} />}
        <Button type="submit" loading={busy} style={{ alignSelf: "flex-start" }}>
          Save as version 1
        </Button>
      </Stack>
    </form>
  );
}
