import { Anchor, Code, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Line } from "../../shared/Line";
import { Moment } from "../../shared/Moment";
import { PersonName } from "../../shared/PersonName";
import { exact } from "../../shared/times";
import type { Entry as Said } from "./chain";

const DETAILS = ["credential", "source", "request_id", "before", "after", "prev", "hash"];

/** One entry of the chain: a sentence, and all that stands in it for whoever opens it; `written`: for paper. */
export function Entry({ of, project, written = false }: { of: Said; project: string; written?: boolean }) {
  const text = (name: string): string => (typeof of[name] === "string" ? of[name] : "");
  const said = (
    <>
      <PersonName of={text("principal")} /> {written ? exact(new Date(text("at"))) : <Moment at={text("at")} />}
      {text("environment") && `, in ${text("environment")}`}
      {typeof of["revision"] === "number" && ` at revision ${of["revision"]}`}
    </>
  );
  return (
    <Line
      name={
        <>
          <Text span c="dimmed" fw={400} size="sm">
            {String(of["seq"])}
          </Text>{" "}
          {text("action")} <Target of={text("target")} project={project} />
        </>
      }
    >
      {written ? said : <Open of={of}>{said}</Open>}
      {text("reason") && (
        <Text c="var(--mantine-color-text)" size="sm" className="typed">
          {text("reason")}
        </Text>
      )}
      {written && (
        <div>
          Hash <Code style={{ overflowWrap: "anywhere" }}>{text("hash")}</Code>
        </div>
      )}
    </Line>
  );
}

/** Everything that stands in an entry, behind its sentence. */
function Open({ of, children }: { of: Said; children: ReactNode }) {
  return (
    <details>
      <summary>{children}</summary>
      <dl style={{ margin: "0.5rem 0" }}>
        {DETAILS.filter((name) => of[name] !== null && of[name] !== "").map((name) => (
          <div key={name}>
            <dt>{name.replace("_", " ")}</dt>
            <dd style={{ margin: "0 0 0.35rem" }}>
              <Code block style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
                {typeof of[name] === "string" ? of[name] : JSON.stringify(of[name], null, 2)}
              </Code>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

/** What an entry is about, as a link where it has a page. */
function Target({ of, project }: { of: string; project: string }) {
  const release = /^release (\d+)$/.exec(of)?.[1];
  if (release !== undefined) {
    return (
      <Anchor
        renderRoot={(props) => <Link {...props} to="/p/$project/releases/$release" params={{ project, release }} />}
      >
        {of}
      </Anchor>
    );
  }
  return <bdi>{of}</bdi>;
}
