import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getPromptOptions, type PromptShown } from "../api";

const SHOWN_MAX = 60;

interface Props {
  project: string;
  prompt: string;
  value: number | null;
  onChange: (version: number) => void;
  /** What it chooses, where that is not just a version of the prompt. */
  label?: string;
  /** In a line with other things. */
  small?: boolean;
}

/** One of a prompt's versions, found by its number or by where it is live. */
export function VersionSelect({ project, prompt, value, onChange, label, small = false }: Props) {
  const { data } = useQuery(getPromptOptions({ path: { project, name: prompt } }));
  return (
    <Select
      aria-label={label ?? `Version of ${prompt}`}
      size={small ? "xs" : "sm"}
      w={small ? "15rem" : "26rem"}
      styles={{ input: { textOverflow: "ellipsis" } }}
      maw="100%"
      searchable
      limit={SHOWN_MAX}
      allowDeselect={false}
      placeholder="which version"
      data={choices(data, value)}
      value={value === null ? null : String(value)}
      onChange={(next) => next !== null && onChange(Number(next))}
      nothingFoundMessage="No such version"
    />
  );
}

/** All versions, newest first; before the API has said how many there are, the chosen one. */
function choices(prompt: PromptShown | undefined, value: number | null): { value: string; label: string }[] {
  const numbers = prompt ? Array.from({ length: prompt.latest }, (_, at) => prompt.latest - at) : [];
  const all = value === null || numbers.includes(value) ? numbers : [value, ...numbers];
  return all.map((number) => ({ value: String(number), label: nameOf(number, prompt) }));
}

/** "v3 · newest · development" */
function nameOf(number: number, prompt: PromptShown | undefined): string {
  const live = Object.entries(prompt?.live ?? {}).flatMap(([where, served]) => (served === number ? [where] : []));
  return [`v${number}`, number === prompt?.latest ? "newest" : "", ...live].filter(Boolean).join(" · ");
}
