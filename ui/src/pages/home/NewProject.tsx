import { Button, Stack, Text, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { createProject } from "../../api";
import { useMayEverywhere } from "../../frame/here";
import { useAct } from "../../shared/acting";
import { PageHeader } from "../../shared/PageHeader";
import { Problem } from "../../shared/Problem";

/** Where another project is made. */
export function Page() {
  const may = useMayEverywhere()("projects.create");
  return (
    <>
      <PageHeader title="New project">
        A project is the wall between teams: prompts, environments, keys and members live in one.
      </PageHeader>
      {may ? <ProjectForm /> : <Text>An admin of the whole instance makes projects.</Text>}
    </>
  );
}

/** A project's name; it begins with three environments. */
export function ProjectForm() {
  const [name, setName] = useState("");
  const { act, busy, refusal } = useAct();
  const go = useNavigate();
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const made = await act(() => createProject({ body: { name } }));
    if (made?.data) await go({ to: "/p/$project", params: { project: made.data.name } });
  };
  return (
    <form onSubmit={send} className="prose">
      <Stack align="flex-start">
        <TextInput
          label="Name of the project"
          description="Small letters, digits and hyphens; it stands in addresses and stays."
          required
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value.trim())}
          data-autofocus
        />
        <Text size="sm">
          It begins with development, which serves what was saved last, and with staging and production, which change by
          releases only.
        </Text>
        {refusal && <Problem refusal={refusal} />}
        <Button type="submit" loading={busy} disabled={name === ""}>
          Make the project
        </Button>
      </Stack>
    </form>
  );
}
