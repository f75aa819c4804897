import { Button, Group, Stack } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { listEntriesOptions } from "../../api";
import { EmptyState } from "../../shared/EmptyState";
import { Lines } from "../../shared/Line";
import { Loaded } from "../../shared/Loading";
import { PageHeader } from "../../shared/PageHeader";
import { Entry } from "./Entry";
import { Filters } from "./Filters";
import { Chain } from "./Verify";

const route = getRouteApi("/p/$project/audit");
const NEWEST = 2 ** 31 - 1;
const PAGE = 50;

/** What happened, newest first: who, with what, why; and whether anybody tampered with the record. */
export function Page() {
  const { project } = route.useParams();
  const { before, ...filter } = route.useSearch();
  const entries = useQuery({
    ...listEntriesOptions({ path: { project }, query: { ...filter, before: before ?? NEWEST, limit: PAGE } }),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <PageHeader title="Audit" actions={<Chain project={project} filter={filter} />}>
        Everything that changed something, who did it and why. Nothing here can be changed or taken out unnoticed.
      </PageHeader>
      <Stack>
        <Filters />
        <Loaded query={entries}>
          {({ items, next }) => (
            <>
              {items.length === 0 && (
                <EmptyState title="Nothing like that happened.">
                  Filters hold together: an entry is shown when all of them fit.{" "}
                  <Link to="." search={{}}>
                    Take them away
                  </Link>
                  .
                </EmptyState>
              )}
              {items.length > 0 && (
                <Lines label="Entries, newest first">
                  {items.map((entry) => (
                    <Entry key={String(entry["seq"])} of={entry} project={project} />
                  ))}
                </Lines>
              )}
              <Group justify="space-between">
                {before === undefined ? (
                  <span />
                ) : (
                  <Button variant="default" renderRoot={(props) => <Link {...props} to="." search={filter} />}>
                    Newest
                  </Button>
                )}
                {next && (
                  <Button
                    variant="default"
                    renderRoot={(props) => <Link {...props} to="." search={{ ...filter, before: Number(next) }} />}
                  >
                    Older
                  </Button>
                )}
              </Group>
            </>
          )}
        </Loaded>
      </Stack>
    </>
  );
}
