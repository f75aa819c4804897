import { useQuery } from "@tanstack/react-query";
import { type AccessShown, getAccessOptions } from "../../api";

/** Which ways to change an environment the API leaves to whoever looks: at once, by asking, past the policy. */
export interface Ways {
  acts: boolean;
  proposes: boolean;
  holdsHammer: boolean;
  any: boolean;
}

/** They, or `undefined` until the API has said so. */
export function useWays(project: string, environment: string, kind: "promote" | "rollback" | "retire") {
  const { data } = useQuery(getAccessOptions({ path: { project } }));
  return data && waysOf(data.environments[environment] ?? [], kind);
}

function waysOf(held: AccessShown["project"], kind: "promote" | "rollback" | "retire"): Ways {
  const acts = held.includes(kind === "rollback" ? "releases.rollback" : "releases.apply");
  const proposes = held.includes("releases.propose");
  const holdsHammer = kind !== "rollback" && held.includes("releases.break_glass");
  return { acts, proposes, holdsHammer, any: acts || proposes || holdsHammer };
}
