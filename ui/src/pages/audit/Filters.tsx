import { Group, NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { listEnvironmentsOptions } from "../../api";
import type { AuditSearch } from "./search";

const route = getRouteApi("/p/$project/audit");
/** Kinds of what happens; each means all that begins with it. */
const KINDS: readonly [string, string][] = [
  ["release.", "releases"],
  ["version.", "versions"],
  ["content.read", "reads of production content"],
  ["environment.", "environments and policies"],
  ["key.", "delivery keys"],
  ["token.", "tokens"],
  ["member.", "members"],
  ["person.", "people"],
  ["session.", "sessions"],
  ["access.denied", "denied attempts"],
  ["webhook.", "webhooks"],
];

/** What is looked for. It stands in the address. */
export function Filters() {
  const { project } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const environments = useQuery(listEnvironmentsOptions({ path: { project } }));
  const set = (change: Partial<AuditSearch>): void =>
    void navigate({ search: { ...search, before: undefined, ...change }, replace: true, resetScroll: false });
  const kind = search.action ?? "";
  const known = KINDS.some(([value]) => value === kind) || kind === "";
  return (
    <Group align="flex-end" gap="sm">
      <NativeSelect
        label="What"
        data={[
          { value: "", label: "everything" },
          ...KINDS.map(([value, label]) => ({ value, label })),
          ...(known ? [] : [{ value: kind, label: kind }]),
        ]}
        value={kind}
        onChange={(event) => set({ action: event.currentTarget.value || undefined })}
      />
      <Typed label="By whom" value={search.principal} onChange={(principal) => set({ principal })} />
      <Typed label="About" value={search.target} onChange={(target) => set({ target })} />
      <NativeSelect
        label="Environment"
        data={[
          { value: "", label: "all" },
          ...(environments.data?.items ?? []).map((environment) => environment.name),
          ...(search.environment && !environments.data?.items.some(({ name }) => name === search.environment)
            ? [search.environment]
            : []),
        ]}
        value={search.environment ?? ""}
        onChange={(event) => set({ environment: event.currentTarget.value || undefined })}
      />
      <Typed label="Since" type="date" value={search.since} onChange={(since) => set({ since })} />
      <Typed label="Before" type="date" value={search.until} onChange={(until) => set({ until })} />
    </Group>
  );
}

interface TypedProps {
  label: string;
  type?: "text" | "date";
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

/** A field whose content counts when one has typed it: by Enter, or by leaving it. */
function Typed({ label, type = "text", value = "", onChange }: TypedProps) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const settle = (): void => {
    if (typed !== value) onChange(typed.trim() || undefined);
  };
  return (
    <TextInput
      label={label}
      type={type}
      w={160}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={settle}
      onKeyDown={(event) => event.key === "Enter" && settle()}
    />
  );
}
