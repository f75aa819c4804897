import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getVersionOptions } from "../../api";
import { Loaded } from "../../shared/Loading";
import { contentOf } from "./content";
import { Conversation } from "./Conversation";

interface Props {
  project: string;
  prompt: string;
  /** The version that comes; `null` where the prompt goes. */
  version: number | null;
}

/** A version's whole content, which never changes. */
export const wholeOptions = (project: string, prompt: string, version: number) => ({
  ...getVersionOptions({ path: { project, name: prompt, which: String(version) } }),
  staleTime: Infinity,
});

/** What comes where nothing stood: the whole of it, for there is nothing to hold it against. */
export function Whole({ project, prompt, version }: Props) {
  const query = useQuery({ ...wholeOptions(project, prompt, version ?? 0), enabled: version !== null });
  if (version === null) return <Text size="sm">It serves nothing afterwards.</Text>;
  return (
    <>
      <Text size="sm" mb="xs">
        It is new there. This is all it says:
      </Text>
      <Loaded query={query}>
        {(found) => <Conversation content={contentOf(found.served)} project={project} of={prompt} />}
      </Loaded>
    </>
  );
}
