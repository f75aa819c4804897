import { Link } from "@tanstack/react-router";
import { EmptyState } from "../shared/EmptyState";
import { PageHeader } from "../shared/PageHeader";

/** An address that leads nowhere. */
export function NotFound() {
  return (
    <>
      <PageHeader title="There is no such page" />
      <EmptyState title="This address leads nowhere.">
        It may have been cut short on its way to you. <Link to="/">Begin at the first page</Link>, or press Ctrl K and
        type what you look for.
      </EmptyState>
    </>
  );
}
