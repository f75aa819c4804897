import { Anchor, Button, Checkbox, Group, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedCallback, useHotkeys } from "@mantine/hooks";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useRef } from "react";
import type { StatusShown } from "../../api";
import { counted } from "../../shared/counts";
import { folders, owners, path, tags } from "./rows";
import type { HomeSearch } from "./search";

const route = getRouteApi("/p/$project");
const FOLDERS_MAX = 12; // more of them are a list to open

interface Props {
  status: StatusShown;
  shown: number;
  /** What stands in the field this moment; the address has it a little later. */
  typed: string;
  onType: (typed: string) => void;
}

/** What narrows the list. All of it lives in the address. */
export function Filters({ status, shown, typed, onType }: Props) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = (next: HomeSearch): void => void navigate({ search: { ...search, ...next }, replace: true });
  const remember = useDebouncedCallback((q: string) => change({ q: q || undefined }), 250);
  const choices = useMemo(() => ({ tags: tags(status.items), owners: owners(status.items) }), [status.items]);
  const narrowed = typed !== "" || Object.values(search).some((value) => value !== undefined);
  return (
    <>
      <Group gap="sm" align="flex-end" role="search">
        <Typed
          value={typed}
          onChange={(q) => {
            onType(q);
            remember(q);
          }}
        />
        <Choice label="Tag" all={choices.tags} value={search.tag} onChange={(tag) => change({ tag })} />
        <Choice label="Owner" all={choices.owners} value={search.owner} onChange={(owner) => change({ owner })} />
        <Checkbox
          label="Only where environments differ"
          checked={search.show === "differing"}
          onChange={(event) => change({ show: event.currentTarget.checked ? "differing" : undefined })}
          pb={8}
        />
      </Group>
      <Group gap="xs" component="nav" aria-label="Folders">
        <Folders
          status={status}
          folder={search.folder ?? ""}
          onChange={(folder) => change({ folder: folder || undefined })}
        />
        {narrowed && (
          <>
            <span role="status">{shown === 1 ? "1 prompt" : `${counted(shown)} prompts`}</span>
            <Button variant="subtle" size="compact-sm" onClick={() => navigate({ search: {}, replace: true })}>
              Show all
            </Button>
          </>
        )}
      </Group>
    </>
  );
}

function Typed({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  useHotkeys([["/", () => input.current?.focus()]]);
  return (
    <TextInput
      ref={input}
      label="Name"
      placeholder="Type a few letters ( / )"
      type="search"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      style={{ flex: "1 1 14rem", maxWidth: "24rem" }}
    />
  );
}

function Choice(props: {
  label: string;
  all: string[];
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}) {
  if (props.all.length === 0 && props.value === undefined) return null;
  return (
    <NativeSelect
      label={props.label}
      data={[{ value: "", label: "Any" }, ...new Set([...props.all, ...(props.value ? [props.value] : [])])]}
      value={props.value ?? ""}
      onChange={(event) => props.onChange(event.currentTarget.value || undefined)}
      maw="12rem"
    />
  );
}

function Folders(props: { status: StatusShown; folder: string; onChange: (folder: string) => void }) {
  const above = path(props.folder);
  const below = folders(props.status.items, props.folder);
  return (
    <>
      {above.length > 0 && (
        <Anchor component="button" size="sm" onClick={() => props.onChange("")}>
          All
        </Anchor>
      )}
      {above.map((folder, at) => (
        <Anchor
          key={folder}
          component="button"
          size="sm"
          aria-current={at === above.length - 1 ? "true" : undefined}
          onClick={() => props.onChange(folder)}
        >
          {last(folder)}
        </Anchor>
      ))}
      {below.length > FOLDERS_MAX ? (
        <NativeSelect
          aria-label="Folder"
          size="xs"
          data={[
            { value: "", label: `${below.length} folders` },
            ...below.map(([folder, count]) => named(folder, count)),
          ]}
          value=""
          onChange={(event) => props.onChange(event.currentTarget.value)}
        />
      ) : (
        below.map(([folder, count]) => (
          <Button key={folder} variant="default" size="compact-sm" onClick={() => props.onChange(folder)}>
            {last(folder)}. <span className="quiet">&nbsp;{count}</span>
          </Button>
        ))
      )}
    </>
  );
}

const last = (folder: string): string => folder.slice(folder.lastIndexOf(".") + 1);

const named = (folder: string, count: number): { value: string; label: string } => ({
  value: folder,
  label: `${last(folder)}. (${count})`,
});
