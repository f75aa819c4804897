import { NotYet } from "../../shared/NotYet";

export function Page() {
  return <NotYet title="Audit" command="cuebook audit list" />;
}
