import { Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type Ref, useState } from "react";
import { type EnvironmentShown, environmentAtOptions, type StatusItem } from "../../api";
import { useMay } from "../../frame/here";
import { MenuLink } from "../../shared/links";
import { Moment } from "../../shared/Moment";

interface Props {
  project: string;
  stop: EnvironmentShown;
  row: StatusItem;
  differing: boolean;
}

/** What one environment serves of a prompt, and the four questions one asks about it. */
export function Cell({ project, stop, row, differing }: Props) {
  const number = row.versions[stop.name] ?? null;
  const behind = row.behind[stop.name]?.versions ?? 0;
  const kind = !differing ? "" : number === null ? "absent" : behind > 0 ? "late" : "newest";
  const since = row.since[stop.name];
  const [open, setOpen] = useState(false);
  return (
    <div role="cell" className={`matrix-cell ${kind}`}>
      <button type="button" aria-haspopup="menu" aria-expanded={open} onClick={() => setOpen(true)}>
        <span className="matrix-stop">{stop.name}</span>
        <span className="matrix-word">{number === null ? "nothing" : "version "}</span>
        <strong aria-hidden={number === null}>{number ?? "–"}</strong>
        <span className="matrix-age">
          {behind > 0 && `${behind} behind`}
          {behind > 0 && since && " · "}
          {since && <Moment at={since} short />}
        </span>
      </button>
      {open && (
        // Menus are costly to draw: only the one that is open is there, hung on a part that covers the cell.
        <Menu opened onClose={() => setOpen(false)} width={280} shadow="md" returnFocus>
          <Menu.Target>
            <Hook />
          </Menu.Target>
          <Menu.Dropdown aria-label={`${row.prompt} in ${stop.name}`}>
            <Questions project={project} stop={stop} row={row} number={number} />
          </Menu.Dropdown>
        </Menu>
      )}
    </div>
  );
}

/** Where the menu hangs. The button says what there is to be said of it, so nothing else that the menu hands on is kept. */
const Hook = ({ ref }: { ref?: Ref<HTMLDivElement> }) => <div ref={ref} className="matrix-hook" />;

/** What runs, who changed it, can I test it, can I take it back: one click each. */
function Questions(props: { project: string; stop: EnvironmentShown; row: StatusItem; number: number | null }) {
  const { project, stop, row, number } = props;
  const may = useMay(project);
  const ready = row.ready.find((one) => one.environment === stop.name);
  const inProject = { project, name: row.prompt };
  return (
    <>
      <Menu.Label>
        {row.prompt} in {stop.name}
      </Menu.Label>
      {number !== null && (
        <MenuLink to="/p/$project/prompts/$name" params={inProject} search={{ version: number }}>
          What runs: read version {number}
        </MenuLink>
      )}
      <MenuLink
        to="/p/$project/environments/$environment"
        params={{ project, environment: stop.name }}
        search={{ tab: "history", prompt: row.prompt }}
      >
        Who changed it, when and why
      </MenuLink>
      {number !== null && (
        <MenuLink to="/p/$project/prompts/$name" params={inProject} search={{ version: number, tab: "use" }}>
          Try it, or use it
        </MenuLink>
      )}
      {number !== null && number !== row.latest && (
        <MenuLink to="/p/$project/prompts/$name" params={inProject} search={{ version: row.latest, against: number }}>
          Compare with the newest, {row.latest}
        </MenuLink>
      )}
      {ready && may("releases.propose", stop.name) && (
        <MenuLink
          to="/p/$project/propose"
          params={{ project }}
          search={{ environment: stop.name, prompt: row.prompt, version: ready.version }}
        >
          Ship version {ready.version} from {ready.source}
        </MenuLink>
      )}
      {number !== null && !stop.tracks_latest && may("releases.rollback", stop.name) && (
        <WayBack project={project} environment={stop.name} prompt={row.prompt} />
      )}
    </>
  );
}

/** The way back, where the API knows one: it is asked when somebody looks. */
function WayBack({ project, environment, prompt }: { project: string; environment: string; prompt: string }) {
  const { data } = useQuery(environmentAtOptions({ path: { project, environment }, query: { prompt: [prompt] } }));
  const back = data?.items[0]?.back;
  if (back === undefined || back === null) {
    return <Menu.Item disabled>{back === null ? "Nothing to take it back to" : "Take it back"}</Menu.Item>;
  }
  return (
    <MenuLink to="/p/$project/propose" params={{ project }} search={{ environment, prompt, kind: "rollback" }}>
      Take it back to version {back}
    </MenuLink>
  );
}
