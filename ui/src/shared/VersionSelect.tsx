import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { listVersionsOptions } from "../api";

interface Props {
  project: string;
  prompt: string;
  version: number | null;
  choose: (version: number) => void;
}

/** One of a prompt's versions, the newest hundred and the one that is chosen. */
export function VersionSelect({ project, prompt, version, choose }: Props) {
  const { data } = useQuery(listVersionsOptions({ path: { project, name: prompt }, query: { limit: 100 } }));
  const numbers = data?.items.map((one) => one.number) ?? [];
  const all = version === null || numbers.includes(version) ? numbers : [version, ...numbers];
  return (
    <NativeSelect
      size="xs"
      miw="7rem"
      aria-label={`Version of ${prompt}`}
      data={[
        ...(version === null ? [{ value: "", label: "which version" }] : []),
        ...all.map((number) => ({ value: String(number), label: `version ${number}` })),
      ]}
      value={version === null ? "" : String(version)}
      onChange={(event) => event.currentTarget.value && choose(Number(event.currentTarget.value))}
    />
  );
}
