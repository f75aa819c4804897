import { NotYet } from "../../shared/NotYet";

export function Page() {
  return <NotYet title="Propose a release" command="cuebook propose support.triage --to production -m 'why'" />;
}
