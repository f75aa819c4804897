import { Command } from "./Command";
import { EmptyState } from "./EmptyState";
import { PageHeader } from "./PageHeader";

/** An address whose page is not there yet: it says so, and how to do it without. */
export function NotYet({ title, command }: { title: string; command: string }) {
  return (
    <>
      <PageHeader title={title} />
      <EmptyState title="This page is not there yet.">
        <p>The command line does it:</p>
        <Command>{command}</Command>
      </EmptyState>
    </>
  );
}
