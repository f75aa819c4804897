import { Button, CloseButton, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { listMembersOptions, type MemberShown, removeMember } from "../../api";
import { useMay } from "../../frame/here";
import { useAct } from "../../shared/acting";
import { Dialog } from "../../shared/Dialog";
import { OpenInvitations } from "../../shared/Invitations";
import { Line, Lines } from "../../shared/Line";
import { Loaded } from "../../shared/Loading";
import { PageHeader } from "../../shared/PageHeader";
import { type Role } from "../../shared/rights";
import { NewMember } from "./NewMember";

const route = getRouteApi("/p/$project/members");

/** Who may do what in the project. */
export function Page() {
  const { project } = route.useParams();
  const may = useMay(project);
  const { add } = route.useSearch();
  const navigate = route.useNavigate();
  const adding = (somebody?: "somebody"): void => void navigate({ search: { add: somebody }, replace: true });
  const [leaving, setLeaving] = useState<MemberShown>();
  const members = useQuery(listMembersOptions({ path: { project } }));
  return (
    <>
      <PageHeader
        title="Members"
        actions={may("members.write") && <Button onClick={() => adding("somebody")}>Add somebody</Button>}
      >
        Who may do what here, in the whole project or in one environment. It counts from the next request on.
      </PageHeader>
      {add && <NewMember project={project} onClose={() => adding()} />}
      {leaving && <Leaving of={leaving} project={project} onClose={() => setLeaving(undefined)} />}
      <Loaded query={members}>
        {({ items }) => (
          <Lines label="Members">
            {[...byLogin(items)].map(([login, rights]) => (
              <Member key={login} rights={rights} onLeave={may("members.write") ? setLeaving : undefined} />
            ))}
          </Lines>
        )}
      </Loaded>
      {may("members.write") && <OpenInvitations project={project} />}
    </>
  );
}

const byLogin = (members: readonly MemberShown[]): Map<string, MemberShown[]> => {
  const found = new Map<string, MemberShown[]>();
  for (const member of members) found.set(member.login, [...(found.get(member.login) ?? []), member]);
  return found;
};

const where = (right: MemberShown): string => {
  if (right.everywhere) return right.environment ? `${right.environment} of every project` : "every project";
  return right.environment ?? "this project";
};

function Member({ rights, onLeave }: { rights: readonly MemberShown[]; onLeave?: (right: MemberShown) => void }) {
  const of = rights[0]!;
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
      over={of.disabled}
    >
      <Stack gap={2}>
        {of.disabled && "The account is disabled: none of this counts."}
        {rights.map((right) => (
          <Group key={`${right.role} ${where(right)}`} gap={4}>
            <span>
              {right.role} in {where(right)}
            </span>
            {onLeave && !right.everywhere && (
              <CloseButton
                size="sm"
                aria-label={`Take ${right.role} in ${where(right)} from ${right.login}`}
                onClick={() => onLeave(right)}
              />
            )}
          </Group>
        ))}
      </Stack>
    </Line>
  );
}

function Leaving({ of, project, onClose }: { of: MemberShown; project: string; onClose: () => void }) {
  const { act, busy, refusal } = useAct();
  const query = { login: of.login, role: of.role as Role, environment: of.environment ?? undefined };
  const send = async (): Promise<void> => {
    if (await act(() => removeMember({ path: { project }, query }), `${of.login} is no ${of.role} any more.`))
      onClose();
  };
  return (
    <Dialog
      opened
      onClose={onClose}
      title={`Take ${of.role} from ${of.login}?`}
      verb="Take the role"
      danger
      busy={busy}
      refusal={refusal}
      onSend={send}
    >
      <Text size="sm">
        {of.name} is {of.role} in {where(of)}. It ends with the next request, for who is signed in too. Approvals and
        tokens that rest on it count no more.
      </Text>
    </Dialog>
  );
}
