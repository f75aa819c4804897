import type { EnvironmentShown, ReleaseIn } from "../../api";

/** The rules of an environment as the form holds them: those of the API, with their types. */
export interface Rules {
  comes_from: string | null;
  soak_s: number;
  approvals: { count: number; roles: string[]; author: boolean; wording: number | null };
  gates: string[];
  gate_age_s: number;
  freeze: Window[];
  reason_required: boolean;
  breaking_variables: "warn" | "block";
  shrink_guard: boolean;
  max_items: number;
  pins: "none" | "live" | "any";
  latest_allowed: boolean;
  reads_audited: boolean;
}

export interface Window {
  starts: string;
  ends: string;
  zone: string;
  days: string[];
  reason: string;
}

export const rulesOf = (stop: EnvironmentShown): Rules => stop.policy as unknown as Rules;

/** The rules that differ: only those are sent. */
export function changed(before: Rules, after: Rules): Partial<Rules> {
  const names = Object.keys(after) as (keyof Rules)[];
  const apart = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return Object.fromEntries(apart.map((name) => [name, after[name]]));
}

/** The release that changes rules: it leaves its reason in the history, as every release does. */
export const ruleChange = (environment: string, policy: Partial<Rules>, reason: string): ReleaseIn => ({
  environment,
  kind: "policy",
  policy: policy as Record<string, unknown>,
  reason,
});

/** A moment as the policy writes it: local to `zone`, here UTC. */
export const utc = (moment: Date): string => moment.toISOString().slice(0, 16);
