import { Badge, Box, Button, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { disableWebhook, enableWebhook, listWebhooksOptions, testWebhook, type WebhookShown } from "../../api";
import { useMay } from "../../frame/here";
import { useAct } from "../../shared/acting";
import { EmptyState } from "../../shared/EmptyState";
import { Line, Lines } from "../../shared/Line";
import { Loaded } from "../../shared/Loading";
import { Moment } from "../../shared/Moment";
import { PageHeader } from "../../shared/PageHeader";
import { PersonName } from "../../shared/PersonName";
import { Problem } from "../../shared/Problem";
import { type Change, Changing } from "./Changing";
import { Log } from "./Log";
import { NewWebhook } from "./NewWebhook";
import type { WebhooksSearch } from "./search";

const route = getRouteApi("/p/$project/webhooks");

/** Who outside is told of what happens in the project, and what became of each message. */
export function Page() {
  const { project } = route.useParams();
  const { make, log } = route.useSearch();
  const navigate = route.useNavigate();
  const go = (search: WebhooksSearch): void => void navigate({ search, replace: true, resetScroll: false });
  const may = useMay(project)("webhooks.write");
  const webhooks = useQuery(listWebhooksOptions({ path: { project } }));
  const [changing, setChanging] = useState<Change>();
  const begin = <Button onClick={() => go({ log, make: "webhook" })}>New webhook</Button>;
  return (
    <>
      <PageHeader title="Webhooks" actions={may && webhooks.data && webhooks.data.items.length > 0 && begin}>
        Who outside is told of what happens here, by signed messages. None holds the text of a prompt.
      </PageHeader>
      {make && may && <NewWebhook project={project} onClose={() => go({ log })} />}
      {changing && <Changing {...changing} project={project} onClose={() => setChanging(undefined)} />}
      <Loaded query={webhooks}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState
              title="Nobody outside is told yet."
              action={may && begin}
              command="cuebook webhooks add https://hooks.example.com/cuebook --event release.applied"
            >
              The team&apos;s chat, a pipeline, or a log that nobody here can change hears of each release. What cannot
              be delivered is tried again for three days, and nothing is lost.
            </EmptyState>
          ) : (
            <Lines label="Webhooks">
              {items.map((one) => (
                <Webhook
                  key={one.id}
                  of={one}
                  project={project}
                  open={log === one.id}
                  onOpen={(open) => go({ log: open ? one.id : undefined })}
                  onChange={(what) => setChanging({ of: one, what })}
                />
              ))}
            </Lines>
          )
        }
      </Loaded>
    </>
  );
}

interface Props {
  of: WebhookShown;
  project: string;
  open: boolean;
  onOpen: (open: boolean) => void;
  onChange: (what: Change["what"]) => void;
}

function Webhook({ of, project, open, onOpen, onChange }: Props) {
  const { act, busy, refusal } = useAct();
  const path = { project, webhook: of.id };
  const paused = of.disabled_at !== null;
  const test = async (): Promise<void> => {
    if (await act(() => testWebhook({ path }), "A ping is on its way.")) onOpen(true);
  };
  const button = (label: string, deed: () => void) => (
    <Button variant="default" size="xs" disabled={busy} onClick={deed} aria-label={`${label}: ${of.name}`}>
      {label}
    </Button>
  );
  const actions = (
    <>
      {button(open ? "Close the log" : "Log", () => onOpen(!open))}
      {!paused && button("Send a test", () => void test())}
      {paused
        ? button("Go on", () => void act(() => enableWebhook({ path }), `${of.name} is told what it missed.`))
        : button("Pause", () => void act(() => disableWebhook({ path }), `${of.name} is told nothing for now.`))}
      {button("New secret", () => onChange("rotate"))}
      {button("Remove", () => onChange("remove"))}
    </>
  );
  const name = (
    <>
      <bdi>{of.name}</bdi>{" "}
      {paused && (
        <Badge variant="default" radius="sm" tt="none" className="late">
          paused
        </Badge>
      )}
    </>
  );
  return (
    <>
      <Line name={name} actions={actions} over={paused}>
        <div>{of.url}</div>
        Told of {of.events.length > 0 ? of.events.join(", ") : "everything"} in{" "}
        {of.environments.length > 0 ? of.environments.join(", ") : "every environment"}. Made by{" "}
        <PersonName of={of.created_by} /> <Moment at={of.created_at} />.
        {of.old_secret_until && (
          <>
            {" "}
            The old secret signs too, its end: <Moment at={of.old_secret_until} />.
          </>
        )}
        {of.disabled_why && <Text size="sm">{of.disabled_why} What happens meanwhile is kept for it.</Text>}
        {refusal && <Problem refusal={refusal} />}
      </Line>
      {open && (
        <Box component="li" px="md" pb="md" style={{ listStyle: "none" }}>
          <Log project={project} of={of} />
        </Box>
      )}
    </>
  );
}
