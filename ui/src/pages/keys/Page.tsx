import { Button, Checkbox, Group, NativeSelect, Stack, TextInput, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { type KeyShown, listEnvironmentsOptions, listKeysOptions, listTokensOptions } from "../../api";
import { useMay } from "../../frame/here";
import { EmptyState } from "../../shared/EmptyState";
import { Lines } from "../../shared/Line";
import { Loaded, Together } from "../../shared/Loading";
import { PageHeader } from "../../shared/PageHeader";
import { isOver } from "../../shared/times";
import { type Change, Changing } from "./Changing";
import { Key } from "./Key";
import { NewKey } from "./NewKey";
import { Tokens } from "./Tokens";
import type { KeysSearch } from "./search";

const route = getRouteApi("/p/$project/keys");

/** The project's credentials: what applications read with, and what machines work with. */
export function Page() {
  const { project } = route.useParams();
  const may = useMay(project);
  const { make, ...search } = route.useSearch();
  const navigate = route.useNavigate();
  const making = (what?: KeysSearch["make"]): void =>
    void navigate({ search: { ...search, make: what }, replace: true, resetScroll: false });
  const machines = may("tokens.write");
  const keys = useQuery(listKeysOptions({ path: { project } }));
  const environments = useQuery(listEnvironmentsOptions({ path: { project } }));
  const tokens = useQuery({ ...listTokensOptions({ path: { project } }), enabled: machines });
  return (
    <>
      <PageHeader
        title="Keys"
        actions={may("keys.write") && <Button onClick={() => making("key")}>New delivery key</Button>}
      >
        A delivery key reads what one environment serves, and nothing else. Each application has its own.
      </PageHeader>
      {make === "key" && <NewKey project={project} onClose={() => making()} />}
      <Together queries={machines ? [keys, environments, tokens] : [keys, environments]}>
        <Stack gap="xl">
          <Loaded query={keys}>{(found) => <Keys project={project} keys={found.items} />}</Loaded>
          {machines && (
            <Tokens project={project} making={make === "token"} make={(yes) => making(yes ? "token" : undefined)} />
          )}
        </Stack>
      </Together>
    </>
  );
}

function Keys({ project, keys }: { project: string; keys: readonly KeyShown[] }) {
  const search = route.useSearch();
  const environments = useQuery(listEnvironmentsOptions({ path: { project } }));
  // Here and not with the key: a key that ends leaves the list, and the secret of its successor must stay to be read.
  const [changing, setChanging] = useState<Change>();
  const shown = keys.filter(
    (key) =>
      (search.ended === "shown" || !isOver(key)) &&
      (search.environment === undefined || key.environment === search.environment) &&
      `${key.name} ${key.selector}`.toLowerCase().includes((search.q ?? "").toLowerCase()),
  );
  const order = (environments.data?.items ?? []).map((environment) => environment.name);
  const places = [...new Set([...order, ...shown.map((key) => key.environment)])];
  if (keys.length === 0) {
    return (
      <EmptyState title="No application reads from here yet." command="cuebook keys create production --name checkout">
        A key belongs to one environment of this project; whoever holds it gets what that environment serves, and what
        it serves changes by releases only. Make one for each application and environment, so that one can be ended
        alone.
      </EmptyState>
    );
  }
  return (
    <Stack>
      <Filters environments={places} />
      {places
        .map((place) => [place, shown.filter((key) => key.environment === place)] as const)
        .filter(([, inside]) => inside.length > 0)
        .map(([place, inside]) => (
          <Stack key={place} gap="xs">
            <Title order={2}>{place}</Title>
            <Lines label={`Keys of ${place}`}>
              {inside.map((key) => (
                <Key key={key.selector} of={key} over={isOver(key)} project={project} onChange={setChanging} />
              ))}
            </Lines>
          </Stack>
        ))}
      {changing && <Changing {...changing} project={project} onClose={() => setChanging(undefined)} />}
      {shown.length === 0 && (
        <EmptyState title="No key is like that.">Type less, or look at those that ended too.</EmptyState>
      )}
    </Stack>
  );
}

function Filters({ environments }: { environments: readonly string[] }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const set = (change: Partial<KeysSearch>): void =>
    void navigate({ search: { ...search, ...change }, replace: true, resetScroll: false });
  return (
    <Group align="flex-end">
      <TextInput
        label="Name"
        value={search.q ?? ""}
        onChange={(event) => set({ q: event.currentTarget.value || undefined })}
      />
      <NativeSelect
        label="Environment"
        data={[{ value: "", label: "all" }, ...environments]}
        value={search.environment ?? ""}
        onChange={(event) => set({ environment: event.currentTarget.value || undefined })}
      />
      <Checkbox
        label="Those that ended too"
        pb={8}
        checked={search.ended === "shown"}
        onChange={(event) => set({ ended: event.currentTarget.checked ? "shown" : undefined })}
      />
    </Group>
  );
}
