import { NotYet } from "../../shared/NotYet";

export function Page() {
  return <NotYet title="Members" command="cuebook members list" />;
}
