import { Button, SegmentedControl, Stack, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { getAccessOptions, meOptions, saveVersion } from "../../api";
import { useAct } from "../../shared/acting";
import { EmptyState } from "../../shared/EmptyState";
import { Loaded } from "../../shared/Loading";
import { PageHeader } from "../../shared/PageHeader";
import { Problem } from "../../shared/Problem";
import type { Content } from "../prompt/content";
import { type Beginning, begun, keepBegun } from "./draft";

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
  const me = useQuery(meOptions());
  const access = useQuery(getAccessOptions({ path: { project } }));
  return (
    <>
      <PageHeader title="New prompt">
        An environment that follows the newest version serves it at once, every other one when somebody releases it
        there.
      </PageHeader>
      <Loaded query={access}>
        {({ project: held }) =>
          held.includes("prompts.write") ? (
            <Loaded query={me}>{({ principal }) => <First project={project} person={principal} />}</Loaded>
          ) : (
            <Refused {...{ project }} />
          )
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

const EMPTY: Beginning = { name: "", kind: "chat", text: "" };

function First({ project, person }: { project: string; person: string }) {
  const [prompt, setPrompt] = useState(() => begun(person, project) ?? EMPTY);
  const { name, kind, text } = prompt;
  const change = (part: Partial<Beginning>): void => {
    const next = { ...prompt, ...part };
    setPrompt(next);
    keepBegun(person, project, next.name || next.text ? next : undefined);
  };
  const { act, busy, refusal } = useAct();
  const go = useNavigate();
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const content = { ...first(kind, text), engine: "simple", variables: {} };
    const body = { content, message: "First version", base: NOTHING_YET };
    const made = await act(() => saveVersion({ path: { project, name }, body }));
    if (made === undefined) return;
    keepBegun(person, project, undefined);
    await go({ to: "/p/$project/prompts/$name/edit", params: { project, name } });
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
          onChange={(event) => change({ name: event.currentTarget.value.trim() })}
          autoFocus
        />
        <SegmentedControl aria-label="Kind" data={KINDS} value={kind} onChange={(next) => change({ kind: next })} />
        <Textarea
          label={kind === "chat" ? "What the model is told first" : "Text"}
          description="A word in two braces, such as {{ticket}}, is a variable."
          required
          autosize
          minRows={6}
          value={text}
          onChange={(event) => change({ text: event.currentTarget.value })}
        />
        {refusal && <Problem refusal={refusal} />}
        <Button type="submit" loading={busy} style={{ alignSelf: "flex-start" }}>
          Save as version 1
        </Button>
      </Stack>
    </form>
  );
}
