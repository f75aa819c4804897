import { NotYet } from "../../shared/NotYet";

export function Page() {
  return <NotYet title="Evidence" command="cuebook evidence 1" />;
}
