import { Select } from "@mantine/core";
import type { PromptShown } from "../../api";

const SHOWN_MAX = 60;

/** One of a prompt's versions, by its number or where it is live. */
export function VersionSelect({
  label,
  prompt,
  value,
  onChange,
}: {
  label: string;
  prompt: PromptShown;
  value: number;
  onChange: (number: number) => void;
}) {
  const live = (number: number): string[] =>
    Object.entries(prompt.live).flatMap(([environment, served]) => (served === number ? [environment] : []));
  const data = Array.from({ length: prompt.latest }, (_, at) => prompt.latest - at).map((number) => ({
    value: String(number),
    label: [`v${number}`, number === prompt.latest ? "newest" : "", ...live(number)].filter(Boolean).join(" · "),
  }));
  return (
    <Select
      aria-label={label}
      size="sm"
      w="26rem"
      maw="100%"
      searchable
      limit={SHOWN_MAX}
      allowDeselect={false}
      data={data}
      value={String(value)}
      onChange={(next) => next !== null && onChange(Number(next))}
      nothingFoundMessage="No such version"
    />
  );
}
