import { Button, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { meOptions } from "../../api";
import { useMayEverywhere } from "../../frame/here";
import { Command } from "../../shared/Command";
import { EmptyState } from "../../shared/EmptyState";
import { Loaded } from "../../shared/Loading";
import { PageHeader } from "../../shared/PageHeader";
import { ProjectForm } from "./NewProject";

/** Whoever belongs to no project yet. */
export function Page() {
  const me = useQuery(meOptions());
  const may = useMayEverywhere()("projects.create");
  const go = useNavigate();
  const project = me.data?.projects[0];
  // Somebody let one in meanwhile.
  useEffect(() => {
    if (project !== undefined) void go({ to: "/p/$project", params: { project }, replace: true });
  }, [project, go]);
  return (
    <>
      <PageHeader title="Welcome">
        Cuebook keeps the prompts of your applications: which version runs where, who changed it and why, and the way
        back.
      </PageHeader>
      <Loaded query={me}>
        {({ principal }) =>
          may ? (
            <>
              <Text mb="md">Everything here lives in a project. Make the first:</Text>
              <ProjectForm />
            </>
          ) : (
            <EmptyState title="You are in no project yet.">
              <p>
                A project holds prompts, environments, keys and members. Ask an admin of yours to give you a role, on
                its page Members or with this line:
              </p>
              <Command>{`cuebook members add ${principal} --role author`}</Command>
              <Button variant="default" mt="md" loading={me.isFetching} onClick={() => void me.refetch()}>
                Look again
              </Button>
            </EmptyState>
          )
        }
      </Loaded>
    </>
  );
}
