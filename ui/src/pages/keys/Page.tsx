import { NotYet } from "../../shared/NotYet";

export function Page() {
  return <NotYet title="Keys" command="cuebook keys list" />;
}
