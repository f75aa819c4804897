import {
  Button,
  Checkbox,
  Fieldset,
  Group,
  NativeSelect,
  NumberInput,
  SegmentedControl,
  Stack,
  TagsInput,
  Text,
  Title,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type EnvironmentShown, listEnvironmentsOptions } from "../../api";
import { useAct } from "../../shared/acting";
import { Problem } from "../../shared/Problem";
import { weigh } from "../propose/weigh";
import { Change } from "./Change";
import { changed, type Rules, rulesOf } from "./rules";

const HOUR_S = 3_600;
const ROLES = ["viewer", "author", "reviewer", "releaser", "admin"];
const PRESETS = ["solo", "team", "regulated"];
const PINS = [
  { value: "none", label: "No number" },
  { value: "live", label: "What was live here" },
  { value: "any", label: "Any" },
];

interface Part {
  rules: Rules;
  set: (change: Partial<Rules>) => void;
}

/** The rules as a form. What differs from now is weighed while one changes it. */
export function PolicyForm({ project, stop }: { project: string; stop: EnvironmentShown }) {
  const before = rulesOf(stop);
  const [rules, setRules] = useState(before);
  const part: Part = { rules, set: (change) => setRules({ ...rules, ...change }) };
  const apart = changed(before, rules);
  return (
    <section aria-labelledby="form">
      <Title order={2} id="form" mb="xs">
        Change the rules
      </Title>
      <Stack>
        <Presets {...part} project={project} stop={stop} />
        <WaysIn {...part} project={project} stop={stop} />
        <Approvals {...part} />
        <Contents {...part} />
        <Applications {...part} />
        {Object.keys(apart).length > 0 && (
          <Change
            {...{ project, policy: apart }}
            environment={stop.name}
            verb="Change the rules"
            done={() => undefined}
          />
        )}
      </Stack>
    </section>
  );
}

/** Fills the form with a preset's rules, as the API has them. */
function Presets({ project, stop, set }: Part & { project: string; stop: EnvironmentShown }) {
  const { act, busy, refusal } = useAct();
  const fill = async (preset: string): Promise<void> => {
    const found = await act(() => weigh(project, { environment: stop.name, kind: "policy", preset, reason: "preset" }));
    if (found?.policy) set(found.policy as Partial<Rules>);
  };
  return (
    <>
      <Group gap="xs">
        <Text size="sm">As strict as</Text>
        {PRESETS.map((preset) => (
          <Button
            key={preset}
            size="xs"
            variant="default"
            loading={busy}
            onClick={() => fill(preset)}
            disabled={stop.preset === preset}
          >
            {preset}
          </Button>
        ))}
      </Group>
      {refusal && <Problem refusal={refusal} />}
    </>
  );
}

function WaysIn({ rules, set, project, stop }: Part & { project: string; stop: EnvironmentShown }) {
  const { data } = useQuery(listEnvironmentsOptions({ path: { project } }));
  const others = (data?.items ?? []).map((one) => one.name).filter((name) => name !== stop.name);
  return (
    <Fieldset legend="The way in">
      <Group align="flex-start">
        <NativeSelect
          label="A version must have run in"
          data={[{ value: "", label: "no other environment" }, ...others]}
          value={rules.comes_from ?? ""}
          onChange={(event) => set({ comes_from: event.currentTarget.value || null })}
        />
        <NumberInput
          label="For so many hours, without a rollback"
          min={0}
          max={2160}
          value={rules.soak_s / HOUR_S}
          onChange={(hours) => set({ soak_s: Math.round(Number(hours) * HOUR_S) })}
          disabled={!rules.comes_from}
        />
        <NumberInput
          label="Prompts in one release, at most"
          min={1}
          max={1000}
          value={rules.max_items}
          onChange={(max_items) => set({ max_items: Number(max_items) || 1 })}
        />
      </Group>
      <Checkbox
        mt="sm"
        label="A release needs a reason"
        checked={rules.reason_required}
        onChange={(event) => set({ reason_required: event.currentTarget.checked })}
      />
    </Fieldset>
  );
}

function Approvals({ rules, set }: Part) {
  const { approvals } = rules;
  const change = (part: Partial<Rules["approvals"]>): void => set({ approvals: { ...approvals, ...part } });
  return (
    <Fieldset legend="Approvals">
      <Group align="flex-start">
        <NumberInput
          label="People who must approve"
          min={0}
          max={10}
          value={approvals.count}
          onChange={(count) => change({ count: Number(count) })}
        />
        <NumberInput
          label="Where only wording changes"
          placeholder="no fewer"
          min={0}
          max={approvals.count}
          value={approvals.wording ?? ""}
          onChange={(wording) => change({ wording: wording === "" ? null : Number(wording) })}
        />
      </Group>
      <Checkbox.Group
        mt="sm"
        label="Whose approval counts"
        value={approvals.roles}
        onChange={(roles) => change({ roles: ROLES.filter((role) => roles.includes(role)) })}
      >
        <Group mt={4}>
          {ROLES.map((role) => (
            <Checkbox key={role} value={role} label={role} />
          ))}
        </Group>
      </Checkbox.Group>
      <Checkbox
        mt="sm"
        label="Authors may approve their own work"
        checked={approvals.author}
        onChange={(event) => change({ author: event.currentTarget.checked })}
      />
    </Fieldset>
  );
}

function Contents({ rules, set }: Part) {
  return (
    <Fieldset legend="What is let in">
      <Stack gap="sm">
        <Checkbox
          label="Refuse a version that would break its callers"
          checked={rules.breaking_variables === "block"}
          onChange={(event) => set({ breaking_variables: event.currentTarget.checked ? "block" : "warn" })}
        />
        <Checkbox
          label="Refuse a text that lost more than half, unless it is meant"
          checked={rules.shrink_guard}
          onChange={(event) => set({ shrink_guard: event.currentTarget.checked })}
        />
        <TagsInput
          label="Evaluations that must have passed on exactly these versions"
          description="Their names; Enter adds one."
          value={rules.gates}
          onChange={(gates) => set({ gates })}
          maxTags={20}
        />
        <NumberInput
          label="Hours an evaluation counts"
          min={0}
          max={8760}
          value={rules.gate_age_s / HOUR_S}
          onChange={(hours) => set({ gate_age_s: Math.round(Number(hours) * HOUR_S) })}
          maw="14rem"
          disabled={rules.gates.length === 0}
        />
      </Stack>
    </Fieldset>
  );
}

function Applications({ rules, set }: Part) {
  return (
    <Fieldset legend="What applications may ask for">
      <Stack gap="sm" align="flex-start">
        <div>
          <Text size="sm" id="pins" mb={4}>
            A version by its number
          </Text>
          <SegmentedControl
            className="folds"
            aria-labelledby="pins"
            data={PINS}
            value={rules.pins}
            onChange={(pins) => set({ pins: pins as Rules["pins"] })}
          />
        </div>
        <Checkbox
          label="The newest version, released or not"
          checked={rules.latest_allowed}
          onChange={(event) => set({ latest_allowed: event.currentTarget.checked })}
        />
        <Checkbox
          label="The audit says which person read what is live here"
          checked={rules.reads_audited}
          onChange={(event) => set({ reads_audited: event.currentTarget.checked })}
        />
      </Stack>
    </Fieldset>
  );
}
