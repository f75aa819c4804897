import { NotYet } from "../../shared/NotYet";

export function Page() {
  return <NotYet title="Release" command="cuebook release 1" />;
}
