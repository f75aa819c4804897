import { PageHeader } from "../../shared/PageHeader";

export function Page() {
  return <PageHeader title="What runs where" />;
}
