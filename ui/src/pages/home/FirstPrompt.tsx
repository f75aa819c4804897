import { List, Text, Title } from "@mantine/core";
import type { StatusShown } from "../../api";
import { useMay } from "../../frame/here";
import { Command } from "../../shared/Command";
import { EmptyState } from "../../shared/EmptyState";
import { ButtonLink, TextLink } from "../../shared/links";

const SAVE = "printf 'Sort this message: {{ticket}}' | cuebook save support.triage - -m \"First version\"";
const GET = `import cuebook

prompts = cuebook.Client()  # CUEBOOK_URL, CUEBOOK_KEY
call = prompts.get("support.triage").render(ticket="The lift is stuck")`;

/** A project without prompts: what this page will show, and how the first one gets here and into an application. */
export function FirstPrompt({ project, status }: { project: string; status: StatusShown }) {
  const may = useMay(project);
  const at_once = status.environments.filter((stop) => stop.tracks_latest).map((stop) => stop.name);
  const released = status.environments.filter((stop) => !stop.tracks_latest).map((stop) => stop.name);
  return (
    <>
      <EmptyState
        title="No prompts here yet."
        action={
          may("prompts.write") && (
            <ButtonLink to="/p/$project/new-prompt" params={{ project }}>
              Write the first prompt
            </ButtonLink>
          )
        }
        command={SAVE}
      >
        <p>Every prompt gets a line here, and every environment a column with the version it serves.</p>
        <List spacing="xs">
          <List.Item>
            The first save becomes version 1.{" "}
            {at_once.length > 0 ? `${at_once.join(" and ")} serves it at once.` : "Nothing serves it yet."}
          </List.Item>
          {released.length > 0 && (
            <List.Item>{released.join(" and ")} get it when somebody releases it there.</List.Item>
          )}
          <List.Item>What is live can be taken back in seconds, to exactly what was there before.</List.Item>
        </List>
      </EmptyState>
      <Title order={2} mt="xl" mb="xs">
        How an application gets it
      </Title>
      <Text mb="sm" className="prose">
        It asks for a name. The environment of its <KeysLink project={project} /> decides which version it gets, so the
        same code runs everywhere.
      </Text>
      <Command label="Copy the program">{GET}</Command>
    </>
  );
}

const KeysLink = ({ project }: { project: string }) => (
  <TextLink to="/p/$project/keys" params={{ project }} search={{}} underline="always">
    delivery key
  </TextLink>
);
