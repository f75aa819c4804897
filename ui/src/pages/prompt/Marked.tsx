import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { Hidden } from "../../shared/Seen";
import { pieces } from "./content";

/** A template with its variables and fragments marked. `includes`: the fragments' locked numbers. */
export function Marked({
  text,
  project,
  includes = {},
}: {
  text: string;
  project: string;
  includes?: Record<string, number>;
}) {
  const found = useMemo(() => pieces(text), [text]);
  return (
    <div className="typed" dir="auto">
      {found.map(({ kind, source, name }, at) => {
        if (kind === "variable")
          return (
            <span key={at} className="variable">
              {source}
            </span>
          );
        if (kind === "fragment")
          return (
            <Link
              key={at}
              className="variable fragment"
              to="/p/$project/prompts/$name"
              params={{ project, name }}
              search={{ version: includes[name] }}
            >
              {source}
              {includes[name] !== undefined && ` v${includes[name]}`}
            </Link>
          );
        if (kind === "invisible") return <Hidden key={at}>{source}</Hidden>;
        return source;
      })}
    </div>
  );
}
