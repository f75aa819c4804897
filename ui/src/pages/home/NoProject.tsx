import { Command } from "../../shared/Command";
import { EmptyState } from "../../shared/EmptyState";
import { PageHeader } from "../../shared/PageHeader";

/** Whoever belongs to no project yet. */
export function Page() {
  return (
    <>
      <PageHeader title="Welcome" />
      <EmptyState title="No project exists for you yet.">
        <p>A project holds prompts, environments, keys and members. An admin of one can invite you:</p>
        <Command>cuebook members add YOUR-LOGIN --role author</Command>
      </EmptyState>
    </>
  );
}
