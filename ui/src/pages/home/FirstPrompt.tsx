import { List } from "@mantine/core";
import type { StatusShown } from "../../api";
import { Command } from "../../shared/Command";
import { EmptyState } from "../../shared/EmptyState";

const SAVE = "printf 'Sort this message: {{ticket}}' | cuebook save support.triage - -m \"First version\"";

/** A project without prompts: what this page will show, and how the first one gets here. */
export function FirstPrompt({ status }: { status: StatusShown }) {
  const at_once = status.environments.filter((stop) => stop.tracks_latest).map((stop) => stop.name);
  const released = status.environments.filter((stop) => !stop.tracks_latest).map((stop) => stop.name);
  return (
    <EmptyState title="No prompts here yet.">
      <p>Every prompt gets a line here, and every environment a column with the version it serves. Begin with one:</p>
      <Command>{SAVE}</Command>
      <List mt="md" spacing="xs">
        <List.Item>
          It becomes version 1.{" "}
          {at_once.length > 0 ? `${at_once.join(" and ")} serves it at once.` : "Nothing serves it yet."}
        </List.Item>
        {released.length > 0 && <List.Item>{released.join(" and ")} get it when somebody releases it there.</List.Item>}
        <List.Item>What is live can be taken back in seconds, to exactly what was there before.</List.Item>
      </List>
    </EmptyState>
  );
}
