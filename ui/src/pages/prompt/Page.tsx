import { NotYet } from "../../shared/NotYet";

export function Page() {
  return <NotYet title="Prompt" command="cuebook log support.triage" />;
}
