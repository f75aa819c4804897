import { Autocomplete, CloseButton, Group } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { diffVersionsOptions, type ItemIn, type ItemShown, searchPromptsOptions, type WeighedShown } from "../../api";
import { ChangedItem } from "../../shared/ChangedItem";
import { Difference } from "../../shared/Difference";
import { Loaded } from "../../shared/Loading";
import { VersionSelect } from "../../shared/VersionSelect";
import { Whole } from "../prompt/Whole";
import { OPEN_MAX } from "./weigh";

const CHOOSABLE_MAX = 20;

interface Props {
  project: string;
  weighed: WeighedShown | undefined;
  items: readonly ItemIn[];
  /** Left out: the items follow from a moment, and cannot be changed one by one. */
  change: ((items: ItemIn[]) => void) | undefined;
}

/** What moves. Before the API has said from where to where, the names alone. */
export function Items({ project, weighed, items, change }: Props) {
  const shown =
    weighed?.items ??
    items.map((one): ItemShown => ({ prompt: one.prompt, version: one.version ?? null, replaces: null }));
  if (shown.length === 0) return null;
  return (
    <div className="panel lines" role="group" aria-label="What changes">
      {shown.map((item) => (
        <ChangedItem
          // What is open from the start is so from the first moment.
          key={`${item.prompt} ${weighed !== undefined}`}
          project={project}
          prompt={item.prompt}
          move={weighed && { before: item.replaces, after: item.version }}
          open={weighed !== undefined && shown.length <= OPEN_MAX}
          actions={
            change && (
              <Group gap={4} wrap="nowrap">
                {weighed?.kind !== "retire" && shown.length <= CHOOSABLE_MAX && (
                  <VersionSelect
                    project={project}
                    prompt={item.prompt}
                    value={item.version}
                    small
                    onChange={(version) =>
                      change(items.map((one) => (one.prompt === item.prompt ? { prompt: one.prompt, version } : one)))
                    }
                  />
                )}
                <CloseButton
                  aria-label={`Leave ${item.prompt} out`}
                  onClick={() => change(items.filter((one) => one.prompt !== item.prompt))}
                />
              </Group>
            )
          }
        >
          {() => <ItemDifference project={project} item={item} />}
        </ChangedItem>
      ))}
    </div>
  );
}

function ItemDifference({ project, item }: { project: string; item: ItemShown }) {
  const both = item.replaces !== null && item.version !== null;
  const query = useQuery({
    ...diffVersionsOptions({
      path: { project, name: item.prompt },
      query: { from: String(item.replaces), to: String(item.version) },
    }),
    enabled: both,
  });
  if (!both) return <Whole project={project} prompt={item.prompt} version={item.version} />;
  return <Loaded query={query}>{(diff) => <Difference of={diff} />}</Loaded>;
}

/** Another prompt, found by a few letters. */
export function AddPrompt({
  project,
  taken,
  add,
}: {
  project: string;
  taken: readonly ItemIn[];
  add: (prompt: string) => void;
}) {
  const [typed, setTyped] = useState("");
  const [asked] = useDebouncedValue(typed.trim(), 150);
  const { data } = useQuery({
    ...searchPromptsOptions({ path: { project }, query: { q: asked, limit: 20 } }),
    enabled: asked !== "",
    placeholderData: keepPreviousData,
  });
  const names = (data?.items ?? [])
    .map((hit) => hit.prompt)
    .filter((name) => !taken.some((one) => one.prompt === name));
  return (
    <Autocomplete
      label={taken.length > 0 ? "Another prompt" : "Prompt"}
      placeholder="A few letters of its name"
      data={asked ? names : []}
      filter={({ options }) => options}
      value={typed}
      onChange={setTyped}
      onOptionSubmit={(name) => {
        add(name);
        // The field takes the name over after this.
        setTimeout(() => setTyped(""));
      }}
      maw="26rem"
    />
  );
}
