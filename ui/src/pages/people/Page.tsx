import { Button, CloseButton, Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import {
  disable,
  enable,
  listInstanceTokensOptions,
  listPeopleOptions,
  type PersonShown,
  revokeAll,
  revokeInstanceToken,
} from "../../api";
import { useAct } from "../../shared/acting";
import { Dialog } from "../../shared/Dialog";
import { OpenInvitations } from "../../shared/Invitations";
import { Line, Lines } from "../../shared/Line";
import { Loaded } from "../../shared/Loading";
import { Moment } from "../../shared/Moment";
import { PageHeader } from "../../shared/PageHeader";
import { rightOf } from "../../shared/rights";
import { Token } from "../../shared/Token";
import { NewPerson } from "./NewPerson";
import { type Giving, Roles } from "./Roles";

type Deed = "disable" | "enable" | "sign out";

/** Everybody with an account, and the tokens of the whole instance: for its admins. */
export function Page() {
  const people = useQuery(listPeopleOptions());
  const [inviting, setInviting] = useState(false);
  const [giving, setGiving] = useState<Giving>();
  const [doing, setDoing] = useState<{ of: PersonShown; what: Deed }>();
  return (
    <>
      <PageHeader
        title="People"
        actions={people.data && <Button onClick={() => setInviting(true)}>Invite somebody</Button>}
      >
        Everybody with an account, in every project. Who may do what in one project stands on its page Members.
      </PageHeader>
      {inviting && <NewPerson onClose={() => setInviting(false)} />}
      {giving && <Roles {...giving} onClose={() => setGiving(undefined)} />}
      {doing && <Doing {...doing} onClose={() => setDoing(undefined)} />}
      <Loaded query={people}>
        {({ items }) => (
          <Stack gap="xl">
            <Lines label="People">
              {items.map((person) => (
                <Person
                  key={person.login}
                  of={person}
                  onGive={setGiving}
                  onDo={(what) => setDoing({ of: person, what })}
                />
              ))}
            </Lines>
            <OpenInvitations />
            <InstanceTokens />
          </Stack>
        )}
      </Loaded>
    </>
  );
}

interface PersonProps {
  of: PersonShown;
  onGive: (giving: Giving) => void;
  onDo: (what: Deed) => void;
}

function Person({ of, onGive, onDo }: PersonProps) {
  const button = (what: Deed, label: string) => (
    <Button variant="default" size="xs" onClick={() => onDo(what)} aria-label={`${label}: ${of.login}`}>
      {label}
    </Button>
  );
  const actions = of.disabled_at ? (
    button("enable", "Enable")
  ) : (
    <>
      <Button
        variant="default"
        size="xs"
        onClick={() => onGive({ login: of.login })}
        aria-label={`Give a role in every project: ${of.login}`}
      >
        Give a role
      </Button>
      {button("sign out", "Sign out everywhere")}
      {button("disable", "Disable")}
    </>
  );
  return (
    <Line
      name={
        <>
          <bdi>{of.name}</bdi>{" "}
          <Text span fw={400} size="sm" c="dimmed">
            <bdi>{of.login}</bdi>
          </Text>
        </>
      }
      actions={actions}
      over={of.disabled_at !== null}
    >
      {of.grants.map((grant) => (
        <Group key={JSON.stringify(grant)} gap={4}>
          <span>{rightOf(grant)}</span>
          {grant.project === null && (
            <CloseButton
              size="sm"
              aria-label={`Take ${grant.role} in every project from ${of.login}`}
              onClick={() => onGive({ login: of.login, taking: grant })}
            />
          )}
        </Group>
      ))}
      {of.grants.length === 0 && <div>No rights anywhere.</div>}
      <div>
        Joined <Moment at={of.created_at} />
        {of.disabled_at && (
          <>
            , disabled <Moment at={of.disabled_at} />
          </>
        )}
        . {of.has_password ? "" : "Signs in with the organisation's sign-in only."}
      </div>
    </Line>
  );
}

const WORDS: Record<Deed, { verb: string; says: string; done: string }> = {
  disable: {
    verb: "Disable",
    says: "The account can do nothing any more, at once: its sessions and tokens end. What it did stays in the history.",
    done: "is disabled.",
  },
  enable: {
    verb: "Enable",
    says: "The account can sign in again, with the rights it had.",
    done: "can sign in again.",
  },
  "sign out": {
    verb: "Sign out everywhere",
    says: "All sessions of this account end now. Its owner can sign in again.",
    done: "is signed out everywhere.",
  },
};

function Doing({ of, what, onClose }: { of: PersonShown; what: Deed; onClose: () => void }) {
  const { act, busy, refusal } = useAct();
  const { verb, says, done } = WORDS[what];
  const path = { login: of.login };
  const call = (): Promise<unknown> => {
    if (what === "disable") return disable({ path });
    return what === "enable" ? enable({ path }) : revokeAll({ body: path });
  };
  const send = async (): Promise<void> => {
    if (await act(call, `${of.login} ${done}`)) onClose();
  };
  return (
    <Dialog
      opened
      onClose={onClose}
      title={`${verb}: ${of.login}?`}
      verb={verb}
      danger={what !== "enable"}
      busy={busy}
      refusal={refusal}
      onSend={send}
    >
      <Text size="sm">{says}</Text>
    </Dialog>
  );
}

function InstanceTokens() {
  const tokens = useQuery(listInstanceTokensOptions());
  return (
    <Stack gap="xs">
      <Group>
        <Title order={2}>Tokens of the whole instance</Title>
      </Group>
      <Text size="sm" c="dimmed" className="prose">
        The first start made one for machines. Once people have accounts it can go.
      </Text>
      <Loaded query={tokens}>
        {({ items }) => (
          <Lines label="Tokens of the whole instance">
            {items.map((token) => (
              <Token
                key={token.selector}
                of={token}
                revoke={() => revokeInstanceToken({ path: { selector: token.selector } })}
              >
                {token.role}.
              </Token>
            ))}
          </Lines>
        )}
      </Loaded>
    </Stack>
  );
}
