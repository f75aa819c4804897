import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Center, Loader } from "@mantine/core";
import { Problem } from "./Problem";

/** What a query brought, once it is there; before that that it is on its way, or why it is not coming. */
export function Loaded<T>({
  query,
  children,
}: {
  query: UseQueryResult<T, unknown>;
  children: (found: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Problem error={query.error} />;
  return <Loading />;
}

export function Loading() {
  return (
    <Center mih="10rem" role="status" aria-label="Loading">
      <Loader size="sm" />
    </Center>
  );
}
