import { NotYet } from "../../shared/NotYet";

export function Page() {
  return <NotYet title="New prompt" command="cuebook save support.triage triage.txt" />;
}
