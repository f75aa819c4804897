import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Center, Loader, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { PageHeader } from "./PageHeader";
import { Problem } from "./Problem";

interface Props<T> {
  query: UseQueryResult<T, unknown>;
  /** The page's name, where what the query brings would have said it: a page that is refused has one too. */
  title?: string;
  children: (found: T) => ReactNode;
}

/** What a query brought, once it is there; before that that it is on its way, or why it is not coming. */
export function Loaded<T>({ query, title, children }: Props<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) {
    return (
      <>
        {title !== undefined && <PageHeader title={title} />}
        <Problem error={query.error} />
        {title !== undefined && (
          <Text size="sm" mt="sm">
            <Link to="/">Back to what runs where</Link>, or press Ctrl K and type what you look for.
          </Text>
        )}
      </>
    );
  }
  return <Loading />;
}

/** What stands one below the other is drawn at once, when the last of it is there or refused: nothing is pushed down. */
export function Together({ queries, children }: { queries: readonly { isPending: boolean }[]; children: ReactNode }) {
  return queries.some(({ isPending }) => isPending) ? <Loading /> : children;
}

export function Loading() {
  return (
    <Center mih="10rem" role="status" aria-label="Loading">
      <Loader size="sm" />
    </Center>
  );
}
