import { NotYet } from "../../shared/NotYet";

export function Page() {
  return <NotYet title="People" command="cuebook people list" />;
}
