import { NotYet } from "../../shared/NotYet";

export function Page() {
  return <NotYet title="Releases" command="cuebook release 1" />;
}
