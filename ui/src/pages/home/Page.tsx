import { Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useDeferredValue, useEffect, useMemo, useState } from "react";
import type { StatusShown } from "../../api";
import { useMay } from "../../frame/here";
import { counted } from "../../shared/counts";
import { ButtonLink } from "../../shared/links";
import { Loaded } from "../../shared/Loading";
import { PageHeader } from "../../shared/PageHeader";
import { Filters } from "./Filters";
import { FirstPrompt } from "./FirstPrompt";
import { Lately } from "./Lately";
import { Matrix } from "./Matrix";
import { Newcomer } from "./Newcomer";
import { differs, filtered } from "./rows";
import { statusOptions } from "./status";
import { Waiting } from "./Waiting";
import "./home.css";

const route = getRouteApi("/p/$project");

/** The first page: what runs where, what waits for me, what changed lately. */
export function Page() {
  const { project } = route.useParams();
  const query = useQuery(statusOptions(project));
  const may = useMay(project);
  return (
    <>
      <PageHeader
        title="What runs where"
        actions={
          may("prompts.write") && (
            <ButtonLink to="/p/$project/new-prompt" params={{ project }} variant="default">
              New prompt
            </ButtonLink>
          )
        }
      >
        {query.data && <Summary status={query.data} />}
      </PageHeader>
      <Loaded query={query}>{(status) => <Everything project={project} status={status} />}</Loaded>
    </>
  );
}

function Everything({ project, status }: { project: string; status: StatusShown }) {
  const search = route.useSearch();
  // Letters take effect at once; the address follows when the hand rests.
  const [typed, setTyped] = useState(search.q ?? "");
  useEffect(() => setTyped(search.q ?? ""), [search.q]);
  const q = useDeferredValue(typed);
  // The rows are drawn first; what lies beside them a moment later.
  const settled = useDeferredValue(true, false);
  const rows = useMemo(() => filtered(status.items, { ...search, q }), [status.items, search, q]);
  if (status.items.length === 0) return <FirstPrompt project={project} status={status} />;
  return (
    <div className="home">
      <Waiting project={project} />
      <Stack gap="md" className="home-rows">
        <Filters status={status} shown={rows.length} typed={typed} onType={setTyped} />
        <Matrix project={project} status={status} rows={rows} />
        <Newcomer project={project} status={status} />
      </Stack>
      {settled && <Lately project={project} />}
    </div>
  );
}

function Summary({ status }: { status: StatusShown }) {
  const count = status.items.length;
  const differing = status.items.filter(differs).length;
  const alone = status.solo.filter((one) => one.next_step !== null);
  if (count === 0) return null;
  return (
    <>
      {count === 1 ? "One prompt" : `${counted(count)} prompts`}
      {status.next !== null && " and more on their way"} in {status.environments.length} environments;{" "}
      {differing === 0 ? "all environments agree." : `environments differ on ${counted(differing)}.`}
      {alone.map((one) => (
        <Text key={one.environment} size="sm">
          In {one.environment} one person still decides alone.
        </Text>
      ))}
    </>
  );
}
