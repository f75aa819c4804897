import { Tabs, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type EnvironmentShown, getEnvironmentOptions } from "../../api";
import { useMay } from "../../frame/here";
import { ButtonLink } from "../../shared/links";
import { Loaded } from "../../shared/Loading";
import { Moment } from "../../shared/Moment";
import { PageHeader } from "../../shared/PageHeader";
import { Drift } from "./Drift";
import { History } from "./History";
import { Live } from "./Live";
import { Policy } from "./Policy";
import { TimeMachine } from "./TimeMachine";

const route = getRouteApi("/p/$project/environments/$environment");
const TABS = [
  ["live", "Now"],
  ["history", "History"],
  ["time", "Time machine"],
  ["policy", "Policy"],
  ["drift", "Drift"],
] as const;
type Tab = "history" | "time" | "policy" | "drift";

/** One environment: what it serves, how that came to be, what lets a version in, and how it differs from another. */
export function Page() {
  const { project, environment } = route.useParams();
  const query = useQuery(getEnvironmentOptions({ path: { project, environment } }));
  return (
    <Loaded query={query} title={environment}>
      {(stop) => <Environment project={project} stop={stop} />}
    </Loaded>
  );
}

function Environment({ project, stop }: { project: string; stop: EnvironmentShown }) {
  const { tab = "live" } = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay(project);
  const releases = !stop.tracks_latest && (may("releases.propose", stop.name) || may("releases.apply", stop.name));
  const at = { project, stop };
  return (
    <>
      <PageHeader
        title={stop.name}
        actions={
          releases && (
            <ButtonLink to="/p/$project/propose" params={{ project }} search={{ environment: stop.name }}>
              Release to {stop.name}
            </ButtonLink>
          )
        }
      >
        <Sentence stop={stop} />
      </PageHeader>
      <Tabs
        value={tab}
        onChange={(next) => navigate({ search: { tab: next === "live" ? undefined : (next as Tab) } })}
        keepMounted={false}
      >
        <Tabs.List mb="lg">
          {TABS.map(([value, label]) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="live">
          <Live {...at} />
        </Tabs.Panel>
        <Tabs.Panel value="history">
          <History {...at} />
        </Tabs.Panel>
        <Tabs.Panel value="time">
          <TimeMachine {...at} />
        </Tabs.Panel>
        <Tabs.Panel value="policy">
          <Policy {...at} />
        </Tabs.Panel>
        <Tabs.Panel value="drift">
          <Drift {...at} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

function Sentence({ stop }: { stop: EnvironmentShown }) {
  const frozen = stop.told.filter((one) => one.rule === "freeze");
  return (
    <>
      {stop.tracks_latest ? "Serves every save at once." : "Serves what was released to it."} Revision {stop.revision},{" "}
      <Moment at={stop.updated_at} />. {stop.preset && !stop.tracks_latest && `As strict as ${stop.preset}.`}
      {frozen.map((one) => (
        <Text key={one.sentence} size="sm" className="late typed" px="xs" mt={4} w="fit-content">
          {one.sentence}
        </Text>
      ))}
    </>
  );
}
