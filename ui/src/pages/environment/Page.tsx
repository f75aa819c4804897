import { NotYet } from "../../shared/NotYet";

export function Page() {
  return <NotYet title="Environment" command="cuebook env show production" />;
}
