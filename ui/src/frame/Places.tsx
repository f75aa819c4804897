import { Group, Kbd, Menu, NativeSelect, ScrollArea, Stack, Text, UnstyledButton } from "@mantine/core";
import { spotlight } from "@mantine/spotlight";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { listEnvironmentsOptions, listNoticesOptions, meOptions } from "../api";
import { MOD } from "../shared/keys";
import { Name } from "./Frame";
import { usePersonal, usePlaces } from "./here";
import { Scheme } from "./Scheme";

/** The frame's list: the project, the way to everything by typing, the places, and oneself. */
export function Places({ project }: { project: string }) {
  const { data } = useQuery(meOptions());
  const places = usePlaces(project);
  return (
    <Stack h="100%" gap="sm">
      <Group visibleFrom="sm" px="0.6rem" pt={4}>
        <Name />
      </Group>
      <ProjectSwitch projects={data?.projects ?? []} project={project} />
      <UnstyledButton className="panel" px="0.6rem" py="0.35rem" onClick={spotlight.open}>
        <Group justify="space-between" wrap="nowrap">
          <Text size="sm" c="dimmed" truncate>
            Search or go to …
          </Text>
          <Kbd size="xs" style={{ whiteSpace: "nowrap" }}>
            {MOD} K
          </Kbd>
        </Group>
      </UnstyledButton>
      <ScrollArea style={{ flex: 1 }}>
        <div className="places">
          {places.map((place) => (
            <Link
              key={place.to}
              to={place.to}
              params={{ project }}
              activeOptions={{ exact: true, includeSearch: false }}
              search={{}}
            >
              {place.label}
            </Link>
          ))}
          {project && <Environments project={project} />}
        </div>
      </ScrollArea>
      {data && <Person name={data.principal} />}
    </Stack>
  );
}

/** The stops a version passes, first to last. */
function Environments({ project }: { project: string }) {
  const { data } = useQuery(listEnvironmentsOptions({ path: { project } }));
  if (data?.items.length === 0) return null;
  return (
    <>
      <Text size="xs" c="dimmed" px="0.6rem" mt="sm" mb={2}>
        Environments
      </Text>
      {data?.items.map(({ name }) => (
        <Link key={name} to="/p/$project/environments/$environment" params={{ project, environment: name }} search={{}}>
          {name}
        </Link>
      ))}
    </>
  );
}

function ProjectSwitch({ projects, project }: { projects: string[]; project: string }) {
  const navigate = useNavigate();
  if (projects.length < 2) {
    return (
      <Text size="sm" px="0.6rem" style={{ overflowWrap: "anywhere" }}>
        {project}
      </Text>
    );
  }
  return (
    <NativeSelect
      aria-label="Project"
      size="sm"
      data={projects}
      value={project}
      onChange={(event) => navigate({ to: "/p/$project", params: { project: event.currentTarget.value } })}
    />
  );
}

function Person({ name }: { name: string }) {
  const { data } = useQuery({ ...listNoticesOptions({ query: { limit: 1 } }), refetchInterval: 60_000 });
  const personal = usePersonal();
  const unread = data?.unread ?? 0;
  return (
    <Menu position="top-start" width={220} shadow="md">
      <Menu.Target>
        <UnstyledButton px="0.6rem" py="0.35rem" className="panel">
          <Text size="sm" truncate>
            <bdi>{name}</bdi>
          </Text>
          {unread > 0 && (
            <Text size="xs" c="dimmed">
              {unread === 1 ? "1 notice unread" : `${unread} notices unread`}
            </Text>
          )}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {personal.map((place) => (
          <Menu.Item key={place.to} component={Link} to={place.to}>
            {place.label}
          </Menu.Item>
        ))}
        {personal.length > 0 && <Menu.Divider />}
        <Scheme />
        <Menu.Divider />
        <form method="post" action="/sign-out">
          <Menu.Item component="button" type="submit">
            Sign out
          </Menu.Item>
        </form>
      </Menu.Dropdown>
    </Menu>
  );
}
