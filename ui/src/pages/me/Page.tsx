import { NotYet } from "../../shared/NotYet";

export function Page() {
  return <NotYet title="Your account" command="cuebook whoami" />;
}
