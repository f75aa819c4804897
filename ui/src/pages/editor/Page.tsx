import { NotYet } from "../../shared/NotYet";

export function Page() {
  return <NotYet title="Edit" command="cuebook save support.triage triage.txt" />;
}
