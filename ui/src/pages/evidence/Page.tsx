import { Button, Code, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type EvidenceShown, getEvidenceOptions, meOptions, type MoveShown } from "../../api";
import { Lines } from "../../shared/Line";
import { Loaded } from "../../shared/Loading";
import { PageHeader } from "../../shared/PageHeader";
import { PersonName } from "../../shared/PersonName";
import { kindOf, stateOf } from "../../shared/ReleaseState";
import { DecisionList } from "../../shared/DecisionList";
import { exact } from "../../shared/times";
import { Entry } from "../audit/Entry";

const route = getRouteApi("/p/$project/releases/$release/evidence");

/** Everything an auditor asks of one release, to be read or printed. Moments are written out: paper has nothing to point at. */
export function Page() {
  const { project, release } = route.useParams();
  const evidence = useQuery(getEvidenceOptions({ path: { project, release_id: Number(release) } }));
  const me = useQuery(meOptions());
  return (
    <>
      <PageHeader
        title={`Evidence of release ${release}`}
        actions={
          <>
            <Button variant="default" onClick={() => print()}>
              Print
            </Button>
            <Button
              variant="default"
              component="a"
              href={`/api/projects/${encodeURIComponent(project)}/releases/${release}/evidence`}
              download={`evidence-${project}-${release}.json`}
            >
              As JSON
            </Button>
          </>
        }
      >
        Project {project}.{" "}
        <span className="no-print">
          <Link to="/p/$project/releases/$release" params={{ project, release }}>
            The release itself
          </Link>
        </span>
      </PageHeader>
      <Loaded query={evidence}>
        {(found) => (
          <>
            <Evidence of={found} project={project} />
            <Text size="xs" c="dimmed" mt="xl" style={{ overflowWrap: "anywhere" }}>
              Read {exact(new Date(evidence.dataUpdatedAt))} by {me.data?.principal ?? "somebody"} at {location.href}
            </Text>
          </>
        )}
      </Loaded>
    </>
  );
}

const when = (at: string | null): string => (at === null ? "not yet" : exact(new Date(at)));

function Evidence({ of, project }: { of: EvidenceShown; project: string }) {
  const { release } = of;
  return (
    <Stack gap="xl">
      <Part title="What was asked">
        <Facts
          of={[
            ["What", `${kindOf(release)} ${release.kind === "promote" ? "to" : "in"} ${release.environment}`],
            ["State", stateOf(release.state)],
            ["By whom", <PersonName of={release.author} />],
            ["Why", <span className="typed">{release.reason || "No reason was given."}</span>],
            ["Asked", when(release.created_at)],
            ["Applied", when(release.applied_at)],
            ["Revision", release.revision === null ? "none" : String(release.revision)],
          ]}
        />
      </Part>
      <Part title="What changed">
        {of.moves.map((move) => (
          <Move key={move.prompt} of={move} applied={release.applied_at !== null} />
        ))}
      </Part>
      <Part title="What the policy said">
        <DecisionList decision={release.decision} over={release.applied_at !== null || release.ended_at !== null} />
      </Part>
      <Part title="Who approved">
        {of.approvals.length === 0 && <Text size="sm">Nobody.</Text>}
        {of.approvals.map((approval) => (
          <Text key={approval.signature} size="sm" component="div">
            <PersonName of={approval.person} /> ({approval.roles.join(", ")}), {when(approval.at)}:{" "}
            <span className="typed">{approval.meaning}</span> <Whole>{approval.signature}</Whole>
          </Text>
        ))}
      </Part>
      {of.comments.length > 0 && (
        <Part title="What was said">
          {of.comments.map((comment) => (
            <Text key={`${comment.at} ${comment.author}`} size="sm" component="div">
              <PersonName of={comment.author} />, {when(comment.at)}: <span className="typed">{comment.text}</span>
            </Text>
          ))}
        </Part>
      )}
      {of.review && (
        <Part title="The review afterwards">
          <Text size="sm" className="typed">
            {of.review.closed_at
              ? `Closed by ${of.review.closed_by ?? ""}, ${when(of.review.closed_at)}: ${of.review.comment}`
              : `Open since ${when(of.review.opened_at)}.`}
          </Text>
        </Part>
      )}
      <Part title="What the audit chain says">
        <Lines label="Entries of the chain">
          {of.entries.map((entry) => (
            <Entry key={String(entry["seq"])} of={entry} project={project} written />
          ))}
        </Lines>
      </Part>
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack component="section" gap="xs">
      <Title order={2}>{title}</Title>
      {children}
    </Stack>
  );
}

function Facts({ of }: { of: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const number = (version: number | null): string => (version === null ? "nothing" : `version ${version}`);

function Move({ of, applied }: { of: MoveShown; applied: boolean }) {
  return (
    <div className="panel" style={{ padding: "0.75rem 1rem", overflowWrap: "anywhere" }}>
      <Text fw={600}>
        {of.prompt}: {number(of.replaces)} → {number(of.version)}
      </Text>
      <Said of={of.summary} />
      {of.drift.length > 0 && (
        <>
          <Text size="sm" mt="xs">
            Against version {of.longest}, which had been live longest in the 90 days before:
          </Text>
          <Said of={of.drift} />
        </>
      )}
      <Facts
        of={[
          ["Before", of.replaced_digest ? <Whole>{of.replaced_digest}</Whole> : "nothing"],
          ["After", of.digest ? <Whole>{of.digest}</Whole> : "nothing"],
          [
            "Live until",
            of.live_until !== null
              ? when(of.live_until)
              : applied
                ? "it was not replaced yet"
                : "it was not live by this",
          ],
        ]}
      />
    </div>
  );
}

const Said = ({ of }: { of: readonly string[] }) => (
  <ul style={{ margin: "0.25rem 0", paddingLeft: "1.25rem", fontSize: "var(--mantine-font-size-sm)" }}>
    {of.map((sentence) => (
      <li key={sentence}>{sentence}</li>
    ))}
  </ul>
);

/** A digest in its whole length: an auditor compares all of it. */
const Whole = ({ children }: { children: string }) => <Code style={{ overflowWrap: "anywhere" }}>{children}</Code>;
