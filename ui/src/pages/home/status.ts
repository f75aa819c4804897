import { useQuery } from "@tanstack/react-query";
import { status, type StatusShown } from "../../api";

const PAGE = 500;
const PAGES_MAX = 40;

/** What runs where, every prompt of the project: filters work on what is there, without asking again. */
export function useStatus(project: string) {
  return useQuery({
    queryKey: ["status", project],
    queryFn: () => whole(project),
    refetchInterval: 30_000,
  });
}

async function whole(project: string): Promise<StatusShown> {
  const found: StatusShown[] = [];
  let after = "";
  do {
    const { data } = await status({ path: { project }, query: { after, limit: PAGE }, throwOnError: true });
    found.push(data);
    after = data.next ?? "";
  } while (after !== "" && found.length < PAGES_MAX);
  const last = found[found.length - 1]!;
  return { ...last, items: found.flatMap((page) => page.items) };
}
