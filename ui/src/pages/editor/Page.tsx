import {
  Alert,
  Button,
  Grid,
  Group,
  JsonInput,
  List,
  NativeSelect,
  Paper,
  Stack,
  Text,
  Textarea,
  Title,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { getPromptOptions, getVersionOptions, meOptions, saveVersion, type VersionShown } from "../../api";
import { useMay } from "../../frame/here";
import { useAct } from "../../shared/acting";
import { Dialog } from "../../shared/Dialog";
import { Loaded, Loading } from "../../shared/Loading";
import { PageHeader } from "../../shared/PageHeader";
import { Sentence } from "../../shared/Sentence";
import { type Content, contentOf, type Message } from "../prompt/content";
import { Changes } from "./Changes";
import { Contract } from "./Contract";
import { contract, type Draft, filled, keep, kept, lint, names, rest, samples, texts, tidy, tokens } from "./draft";

const Code = lazy(() => import("./Code"));
const ROLES = ["system", "user", "assistant", "tool"];

/** Where a prompt's next version is written. */
export function Page() {
  const { project, name } = useParams({ from: "/p/$project/prompts/$name/edit" });
  const { from } = useSearch({ from: "/p/$project/prompts/$name/edit" });
  const me = useQuery(meOptions());
  const prompt = useQuery({ ...getPromptOptions({ path: { project, name } }), staleTime: Infinity });
  const which = String(from ?? "latest");
  // What one began with stays, whatever is saved meanwhile: the server says so when this is saved.
  const version = useQuery({ ...getVersionOptions({ path: { project, name, which } }), staleTime: Infinity });
  return (
    <>
      <PageHeader title={`Edit ${name}`}>What you write is kept in this browser until it is saved.</PageHeader>
      <Loaded query={me}>
        {({ principal }) => (
          <Loaded query={prompt}>
            {({ latest }) => (
              <Loaded query={version}>
                {(found) => <Editor person={principal} project={project} latest={latest} version={found} />}
              </Loaded>
            )}
          </Loaded>
        )}
      </Loaded>
    </>
  );
}

interface Props {
  person: string;
  project: string;
  latest: number;
  version: VersionShown;
}

function Editor({ person, project, latest, version }: Props) {
  const name = version.prompt;
  const saved = contentOf(version.content);
  const [draft, setDraft] = useState<Draft>(() => kept(person, project, name) ?? { base: latest, content: saved });
  const [safe, setSafe] = useState(true);
  const [generation, setGeneration] = useState(0);
  const [comparing, setComparing] = useState(false);
  const may = useMay(project)("prompts.write");
  const { content } = draft;
  const change = (next: Content, whole = false, base = draft.base): void => {
    const made = { base, content: next };
    setDraft(made);
    setSafe(keep(person, project, name, made));
    if (whole) setGeneration(generation + 1);
  };
  const begin = (): void => {
    setDraft({ base: latest, content: saved });
    keep(person, project, name, undefined);
    setGeneration(generation + 1);
  };
  const found = lint(content);
  return (
    <Grid gap="xl">
      <Grid.Col span={{ base: 12, md: 7 }}>
        <Stack>
          {!safe && <Alert color="red">This browser has no room for the draft. Save before you leave.</Alert>}
          <Texts key={generation} content={content} onChange={change} />
          <Rest key={`rest ${generation}`} content={content} onChange={change} />
          <Group>
            <Button disabled={!may} onClick={() => setComparing(true)}>
              Compare and save …
            </Button>
            <Button variant="default" onClick={begin}>
              Begin again from v{version.number}
            </Button>
            <Text size="sm" c="dimmed">
              About {tokens(content).toLocaleString("en")} tokens, counted roughly: four characters each
            </Text>
          </Group>
          {!may && <Text size="sm">You may read here; an author may save.</Text>}
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 5 }}>
        <Stack>
          {found.length > 0 && (
            <section aria-label="Worth a look">
              <Title order={2}>Worth a look</Title>
              <List>
                {found.map((line) => (
                  <List.Item key={line}>
                    <Sentence>{line}</Sentence>
                  </List.Item>
                ))}
              </List>
            </section>
          )}
          <Title order={2}>Variables</Title>
          <Contract
            variables={contract(content)}
            used={names(content, "variable")}
            onRemove={(of) => {
              const { [of]: _, ...variables } = content.variables ?? {};
              change({ ...content, variables });
            }}
            onChange={(of, variable) => change({ ...content, variables: { ...content.variables, [of]: variable } })}
          />
          <Preview content={content} />
        </Stack>
      </Grid.Col>
      {comparing && (
        <Save
          project={project}
          name={name}
          draft={draft}
          saved={saved}
          onClose={() => setComparing(false)}
          onSaved={() => keep(person, project, name, undefined)}
          onBase={(base) => change(content, false, base)}
        />
      )}
    </Grid>
  );
}

type Change = (content: Content, whole?: boolean) => void;

/** The text, or the messages one after another. */
function Texts({ content, onChange }: { content: Content; onChange: Change }) {
  const offered = Object.keys(contract(content));
  const messages = content.messages ?? [];
  const set = (at: number, message: Message): void => onChange({ ...content, messages: messages.with(at, message) });
  if (content.kind === "text")
    return (
      <Suspense fallback={<Loading />}>
        <Code
          label="Text"
          value={content.text ?? ""}
          names={offered}
          onChange={(text) => onChange({ ...content, text })}
        />
      </Suspense>
    );
  return (
    <>
      {messages.map((message, at) => (
        <Paper key={at} className="panel" p="sm">
          <Group justify="space-between" mb="xs">
            {message.placeholder === undefined ? (
              <NativeSelect
                aria-label={`Role of message ${at + 1}`}
                data={ROLES}
                value={message.role}
                onChange={(event) => set(at, { ...message, role: event.currentTarget.value })}
              />
            ) : (
              <Text size="sm">messages of the caller: {message.placeholder}</Text>
            )}
            <Button
              variant="subtle"
              size="compact-sm"
              aria-label={`Remove message ${at + 1}`}
              onClick={() => onChange({ ...content, messages: messages.toSpliced(at, 1) }, true)}
            >
              Remove
            </Button>
          </Group>
          {typeof message.content === "string" ? (
            <Suspense fallback={<Loading />}>
              <Code
                label={`Message ${at + 1}`}
                value={message.content}
                names={offered}
                onChange={(text) => set(at, { ...message, content: text })}
              />
            </Suspense>
          ) : (
            message.content && <Text size="sm">It is made of parts: `cuebook save` changes them.</Text>
          )}
        </Paper>
      ))}
      <Button
        variant="default"
        style={{ alignSelf: "flex-start" }}
        onClick={() => onChange({ ...content, messages: [...messages, { role: "user", content: "" }] }, true)}
      >
        Add a message
      </Button>
    </>
  );
}

/** Model, tools and response format, as JSON. */
function Rest({ content, onChange }: { content: Content; onChange: Change }) {
  const [text, setText] = useState(() => rest(content));
  const type = (next: string): void => {
    setText(next);
    try {
      const { model, tools, response_format } = JSON.parse(next) as Content;
      const { model: _m, tools: _t, response_format: _r, ...others } = content;
      onChange({
        ...others,
        ...(model && { model }),
        ...(tools && { tools }),
        ...(response_format && { response_format }),
      });
    } catch {
      // Half written; what was right last stays in the draft, and the field says that it is no JSON.
    }
  };
  return (
    <JsonInput
      label="Model, tools and response format"
      description="JSON; see the reference of a version's content"
      validationError="This is no JSON: the last that was is kept."
      autosize
      minRows={3}
      value={text}
      onChange={type}
    />
  );
}

/** The draft with sample values, by the rules of the server. */
function Preview({ content }: { content: Content }) {
  const values = samples(content);
  return (
    <section aria-label="Preview">
      <Title order={2} mb="xs">
        With sample values
      </Title>
      <Stack gap="xs">
        {texts(content).map(({ role, text }, at) => (
          <Paper key={at} className="panel typed" p="sm" dir="auto">
            {role && (
              <Text size="sm" c="dimmed">
                {role}
              </Text>
            )}
            {filled(text, values)}
          </Paper>
        ))}
      </Stack>
    </section>
  );
}

interface SaveProps {
  project: string;
  name: string;
  draft: Draft;
  saved: Content;
  onClose: () => void;
  onSaved: () => void;
  onBase: (base: number) => void;
}

/** What the draft changes, and why; when somebody was quicker, both sides. */
function Save({ project, name, draft, saved, onClose, onSaved, onBase }: SaveProps) {
  const [message, setMessage] = useState("");
  const { act, busy, refusal, forget } = useAct();
  const go = useNavigate();
  const theirs = refusal?.code === "base_moved" ? (refusal.data.theirs as Content | null) : undefined;
  const newest = Number(refusal?.data.newest ?? 0);
  const send = async (): Promise<void> => {
    const body = { content: tidy(draft.content), message, base: draft.base };
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
      disabled={theirs !== undefined}
      busy={busy}
      refusal={refusal}
      onSend={send}
    >
      {theirs ? (
        <>
          <Text>From theirs to yours:</Text>
          <Changes from={theirs} to={draft.content} />
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
        <Changes from={saved} to={draft.content} />
      )}
      <Textarea
        label="Message"
        description="Why: it stands in the line of versions."
        autosize
        value={message}
        onChange={(event) => setMessage(event.currentTarget.value)}
        data-autofocus
      />
    </Dialog>
  );
}
