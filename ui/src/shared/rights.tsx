import { NativeSelect, TextInput } from "@mantine/core";
import type { GrantHeld, MemberIn } from "../api";
import type { Permission } from "../frame/here";
import { Choices } from "./Choices";

export type Role = MemberIn["role"];

/** What each role is for. What it may do says the API. */
const ROLES: Record<Role, string> = {
  viewer: "looks at everything",
  author: "writes prompts and proposes releases",
  reviewer: "approves releases",
  releaser: "writes, approves, applies and rolls back",
  "on-call": "rolls back, and breaks the glass in an emergency",
  admin: "all of that, and keys, members and environments",
};

export const SCOPES: Record<Permission, string> = {
  read: "look at everything",
  "prompts.write": "save versions of prompts",
  "releases.propose": "propose releases",
  "releases.approve": "approve releases",
  "releases.apply": "apply releases",
  "releases.rollback": "roll back",
  "releases.break_glass": "break the glass",
  "versions.recall": "recall versions",
  "environments.write": "change environments and policies",
  "keys.write": "make and end delivery keys",
  "tokens.write": "make and end service tokens",
  "members.write": "change who may do what",
  "webhooks.write": "change webhooks",
  "projects.create": "make projects",
};

export function RoleChoice({ value, onChange }: { value: Role; onChange: (role: Role) => void }) {
  return (
    <NativeSelect
      label="Role"
      data={Object.entries(ROLES).map(([role, words]) => ({ value: role, label: `${role}: ${words}` }))}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value as Role)}
    />
  );
}

/** Somebody by their login, and what they are to be. `where`: one of the places, or (`""`) all of them. */
export interface Appointed {
  login: string;
  role: Role;
  where: string;
}

export const NOBODY: Appointed = { login: "", role: "author", where: "" };

/** Who gets which role where. `all`: what no single place is called. */
export function Appointment(props: {
  of: Appointed;
  onChange: (of: Appointed) => void;
  places: readonly string[];
  all: string;
}) {
  const { of, onChange, places, all } = props;
  return (
    <>
      <TextInput
        label="Login"
        description="Written like an e-mail address."
        required
        maxLength={254}
        value={of.login}
        onChange={(event) => onChange({ ...of, login: event.currentTarget.value })}
        data-autofocus
      />
      <RoleChoice value={of.role} onChange={(role) => onChange({ ...of, role })} />
      <NativeSelect
        label="Where"
        data={[{ value: "", label: all }, ...places]}
        value={of.where}
        onChange={(event) => onChange({ ...of, where: event.currentTarget.value })}
      />
    </>
  );
}

/** A right in words: "author in staging of desk". */
export const rightOf = ({ role, project, environment }: GrantHeld): string =>
  `${role} in ${environment ? `${environment} of ` : ""}${project ?? "every project"}`;

/** What a token is narrowed to; nothing chosen: all that its owner or its role may. */
export function ScopesChoice({
  all,
  ...props
}: {
  value: string[];
  onChange: (scopes: string[]) => void;
  all: string;
}) {
  return <Choices label="Only this" none={all} of={SCOPES} {...props} />;
}
