import { Spotlight, spotlight, type SpotlightActionData, type SpotlightActionGroupData } from "@mantine/spotlight";
import { getHotkeyHandler, useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { searchPromptsOptions } from "../api";
import { ACTIONS } from "./actions";
import { useMay, usePersonal, usePlaces } from "./here";

const HITS_MAX = 8;
const PALETTE = 300;

// From anywhere, fields and templates too, and from the first moment: typed before the palette is made, it opens it then.
addEventListener("keydown", getHotkeyHandler([["mod+K", spotlight.open]]));

/** Ctrl K: prompts, pages and actions by typing a few letters. */
export function Palette({ project }: { project: string }) {
  const [query, setQuery] = useState("");
  const [asked] = useDebouncedValue(query.trim(), 120);
  const may = useMay(project);
  const personal = usePersonal();
  const go = useNavigate();
  const found = useQuery({
    ...searchPromptsOptions({ path: { project }, query: { q: asked, limit: HITS_MAX } }),
    enabled: project !== "" && asked !== "",
    placeholderData: keepPreviousData,
  });
  const prompts = (found.data?.items ?? []).map((hit): SpotlightActionData => ({
    id: `prompt ${hit.prompt}`,
    label: hit.prompt,
    // Where only the name was found, it says nothing more.
    ...(hit.snippet !== hit.prompt && { description: hit.snippet }),
    onClick: () => go({ to: "/p/$project/prompts/$name", params: { project, name: hit.prompt } }),
  }));
  const places = [...usePlaces(project), ...personal].map((place): SpotlightActionData => ({
    id: place.to,
    label: place.label,
    onClick: () => go({ to: place.to, params: { project } }),
  }));
  const deeds = ACTIONS.filter((action) => may(action.needs)).map((action): SpotlightActionData => ({
    id: action.label,
    label: action.label,
    description: action.description,
    onClick: () => go({ to: action.to, params: { project }, search: action.search ?? {} }),
  }));
  const words = query.trim().toLowerCase();
  const matching = (actions: SpotlightActionData[]): SpotlightActionData[] =>
    actions.filter((action) => `${action.label} ${action.description ?? ""}`.toLowerCase().includes(words));
  const groups: SpotlightActionGroupData[] = [
    { group: "Prompts", actions: words ? prompts : [] },
    { group: "Pages", actions: matching(places) },
    { group: "Actions", actions: matching(deeds) },
  ];
  return (
    <Spotlight
      actions={groups.filter((group) => group.actions.length > 0)}
      query={query}
      onQueryChange={setQuery}
      // The API has searched already; its order stays.
      filter={(_, all) => all}
      nothingFound={nothing(words !== "", asked === query.trim() && !found.isFetching, found.isError)}
      searchProps={{
        placeholder: "A prompt, a page, something to do …",
        "aria-label": "Search",
        onKeyDown: (event) => event.key === "Enter" && chooseFirst(),
      }}
      shortcut={null}
      scrollable
      // At the top, where it stays while the list grows and shrinks; below the dialog that asks for the password.
      centered={false}
      zIndex={PALETTE}
      overlayProps={{ backgroundOpacity: 0.4, blur: 0 }}
    />
  );
}

/** Why there is no line: only an answer says that there is nothing of that name. */
function nothing(typed: boolean, answered: boolean, failed: boolean): string {
  if (!typed) return "Type a prompt's name, or a few words of its text.";
  if (!answered) return "Looking …";
  return failed ? "The prompts could not be searched." : "Nothing of that name.";
}

/** Enter takes the first line where the arrow keys have chosen none. */
function chooseFirst(): void {
  const lines = [...document.querySelectorAll<HTMLElement>(".mantine-Spotlight-action")];
  if (!lines.some((line) => line.dataset["selected"])) lines[0]?.click();
}
