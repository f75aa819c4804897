import { List, Title } from "@mantine/core";
import type { StatusShown } from "../../api";
import { TextLink } from "../../shared/links";

/** Whoever has more prompts than this has found their way. */
const PROMPTS_FEW = 12;

/** Below the first few prompts: what one looks at, and the four questions that it answers. */
export function Newcomer({ project, status }: { project: string; status: StatusShown }) {
  const name = status.items.at(-1)?.prompt;
  const last = status.environments.at(-1)?.name;
  if (name === undefined || last === undefined || status.items.length > PROMPTS_FEW) return null;
  return (
    <section aria-labelledby="newcomer" className="prose">
      <Title order={2} id="newcomer" mb="xs">
        New here?
      </Title>
      <List spacing={6} size="sm">
        <List.Item>
          <b>What runs?</b> Each line is a prompt, each column an environment, each number the version it serves.
        </List.Item>
        <List.Item>
          <b>Who changed it, and why?</b> A prompt&apos;s page has every version with its author and message:{" "}
          <TextLink to="/p/$project/prompts/$name" params={{ project, name }} search={{}} underline="always">
            {name}
          </TextLink>
          .
        </List.Item>
        <List.Item>
          <b>Can I test it?</b> Writing is free: a save changes no pinned environment.{" "}
          <TextLink to="/p/$project/propose" params={{ project }} search={{}} underline="always">
            A release
          </TextLink>{" "}
          brings versions there, as its policy allows.
        </List.Item>
        <List.Item>
          <b>Can I take it back?</b> In seconds, to exactly what was there before: on the page of{" "}
          <TextLink
            to="/p/$project/environments/$environment"
            params={{ project, environment: last }}
            search={{}}
            underline="always"
          >
            {last}
          </TextLink>
          , or right here under Lately.
        </List.Item>
      </List>
    </section>
  );
}
