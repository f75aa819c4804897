import { NotYet } from "../../shared/NotYet";

export function Page() {
  return <NotYet title="Notices" command="cuebook notices" />;
}
