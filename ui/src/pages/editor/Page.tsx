import { Alert, Button, Grid, Group, Stack, Text, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import {
  type FindingShown,
  getPromptOptions,
  getVersionOptions,
  meOptions,
  queries,
  type VersionShown,
} from "../../api";
import { useMay } from "../../frame/here";
import { Loaded } from "../../shared/Loading";
import { Moment } from "../../shared/Moment";
import { PageHeader } from "../../shared/PageHeader";
import { type Content, contentOf, type Variable } from "../prompt/content";
import { Rendered } from "../prompt/Rendered";
import { compared, type Looked, type Place, placeOf, useCheck } from "./checked";
import type { Finding } from "./Code";
import { Contract } from "./Contract";
import { type Draft, keep, kept, rest, textAt } from "./draft";
import { Findings } from "./Findings";
import { JsonField } from "./JsonField";
import { Save } from "./Save";
import { type Change, Texts } from "./Texts";

// So long somebody may pause between two keys before the server looks.
const PAUSE_MS = 400;
const NOTHING = { of: "", all: [] };

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
      <PageHeader title={`Edit ${name}`}>
        What you write is kept in this browser until it is saved.{" "}
        <Link to="/p/$project/prompts/$name" params={{ project, name }}>
          Back to the prompt
        </Link>
      </PageHeader>
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
  const [left, setLeft] = useState(() => kept(person, project, name));
  const [draft, setDraft] = useState<Draft>(left ?? { base: latest, content: saved });
  const [safe, setSafe] = useState(true);
  const [generation, setGeneration] = useState(0);
  const [comparing, setComparing] = useState(false);
  const [shown, setShown] = useState<Place>();
  const may = useMay(project)("prompts.write");
  const { content } = draft;
  const looked = useCheck(project, name, useDebouncedValue(content, PAUSE_MS)[0]);
  const findings = useMemo(() => byText(looked), [looked.said, looked.of]);
  const change = (next: Content, whole = false, base = draft.base): void => {
    const made = { base, content: next, at: new Date().toISOString() };
    setDraft(made);
    setSafe(keep(person, project, name, isSame(next, saved) && base === latest ? undefined : made));
    if (whole) setGeneration(generation + 1);
  };
  const begin = (): void => {
    setDraft({ base: latest, content: saved });
    setLeft(undefined);
    keep(person, project, name, undefined);
    setGeneration(generation + 1);
  };
  // Whoever comes near the button is about to ask what changed.
  const ahead = (): void => void queries.prefetchQuery(compared(project, name, content, draft.base));
  const go = (finding: FindingShown): void => setShown(placeOf(finding, textAt(content, finding.at)));
  const variables = { ...(looked.said?.variables as Record<string, Variable> | undefined), ...content.variables };
  const beside = {
    names: Object.keys(variables),
    findings: (at: string) => findings.get(at) ?? NOTHING,
    shown: (at: string) => (shown?.at === at ? shown : undefined),
  };
  return (
    <Grid gap="xl">
      <Grid.Col span={{ base: 12, md: 7 }}>
        <Stack>
          {!may && <Text size="sm">You may read here; an author may save.</Text>}
          {left && <Left draft={left} latest={latest} />}
          {!safe && <Alert color="red">This browser has no room for the draft. Save before you leave.</Alert>}
          <Texts key={generation} content={content} beside={beside} onChange={change} />
          <Rest key={`rest ${generation}`} content={content} onChange={change} />
          <Group>
            <Button disabled={!may} onMouseEnter={ahead} onFocus={ahead} onClick={() => setComparing(true)}>
              Compare and save …
            </Button>
            <Button variant="default" onClick={begin}>
              Begin again from v{version.number}
            </Button>
          </Group>
          {looked.said && <Price said={looked.said} named={content.model?.name !== undefined} />}
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 5 }}>
        <Stack>
          <Findings looked={looked} onGo={go} />
          {looked.said && (
            <section aria-label="Preview">
              <Title order={2} mb="xs">
                With sample values
              </Title>
              <Rendered rendered={looked.said} />
            </section>
          )}
          {/* With what stands above it, so that it does not move while somebody reaches for it. */}
          {(looked.said ?? looked.refusal) && (
            <>
              <Title order={2}>Variables</Title>
              <Contract
                variables={variables}
                unused={(looked.said?.findings ?? [])
                  .filter(({ kind }) => kind === "unused_variable")
                  .map(({ at }) => at)}
                onRemove={(of) => {
                  const { [of]: _, ...others } = content.variables ?? {};
                  change({ ...content, variables: others });
                }}
                onChange={(of, variable) => change({ ...content, variables: { ...content.variables, [of]: variable } })}
              />
            </>
          )}
        </Stack>
      </Grid.Col>
      {comparing && (
        <Save
          project={project}
          name={name}
          draft={draft}
          onClose={() => setComparing(false)}
          onSaved={() => keep(person, project, name, undefined)}
          onBase={(base) => change(content, false, base)}
        />
      )}
    </Grid>
  );
}

const isSame = (one: Content, other: Content): boolean => JSON.stringify(one) === JSON.stringify(other);

/** That one goes on with a draft of before, and does not see what is saved. */
function Left({ draft: { at, base }, latest }: { draft: Draft; latest: number }) {
  return (
    <Text size="sm" className="late" px="sm" py="xs" role="status">
      This is what you wrote {at ? <Moment at={at} /> : "before"}; it is not saved.
      {base !== latest && ` It began with version ${base}; version ${latest} has been saved since.`}
    </Text>
  );
}

/** What was found in each text. */
function byText({ said, of }: Looked): Map<string, { of: string; all: Finding[] }> {
  const found = new Map<string, { of: string; all: Finding[] }>();
  for (const finding of of === undefined ? [] : (said?.findings ?? [])) {
    const text = textAt(of!, finding.at);
    const place = placeOf(finding, text);
    if (place === undefined) continue;
    const here = found.get(finding.at) ?? { of: text, all: [] };
    here.all.push({ start: place.start, end: place.end, sentence: finding.sentence, grave: finding.confirm });
    found.set(finding.at, here);
  }
  return found;
}

/** How long it is for a model, and what that costs. */
function Price({ said: { tokens, cost }, named }: { said: NonNullable<Looked["said"]>; named: boolean }) {
  const unknown = named ? "Nobody has told a price for this model." : "Name a model, and its price stands here.";
  return (
    <Text size="sm" c="dimmed">
      {tokens.tokens.toLocaleString("en")} tokens with these values ({tokens.by}).{" "}
      {cost === null
        ? unknown
        : `$${dollars(cost.usd)} a call for what goes in (${[cost.source, cost.as_of].filter(Boolean).join(", ")}).`}
    </Text>
  );
}

const dollars = (usd: number): string =>
  usd.toLocaleString("en", { minimumSignificantDigits: 2, maximumSignificantDigits: 2 });

const REST = ["model", "tools", "response_format"];

/** Model, tools and response format, as JSON. */
function Rest({ content, onChange }: { content: Content; onChange: Change }) {
  const change = (value: unknown): void => {
    const { model: _m, tools: _t, response_format: _r, ...others } = content;
    onChange({ ...others, ...rest(value as Content) });
  };
  return (
    <JsonField
      label="Model, tools and response format"
      description="JSON; see the reference of a version's content"
      value={rest(content)}
      wrong={(value) => (isRest(value) ? "" : "Only model, tools and response_format stand here.")}
      onChange={change}
    />
  );
}

const isRest = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).every((key) => REST.includes(key));
