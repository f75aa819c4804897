import { Button, Group, Modal, Stack, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type FormEvent, useState } from "react";
import { describePrompt, type PromptShown } from "../../api";
import { useMay } from "../../frame/here";
import { useAct } from "../../shared/acting";
import { Problem } from "../../shared/Problem";

/** What is said about a prompt beside its versions; for those who may change it. */
export function About({ project, prompt }: { project: string; prompt: PromptShown }) {
  const [opened, { open, close }] = useDisclosure();
  if (!useMay(project)("prompts.write")) return null;
  return (
    <>
      <Button variant="default" onClick={open}>
        Describe …
      </Button>
      <Modal opened={opened} onClose={close} title={`What ${prompt.name} is for`} size="lg">
        <Form project={project} prompt={prompt} close={close} />
      </Modal>
    </>
  );
}

function Form({ project, prompt, close }: { project: string; prompt: PromptShown; close: () => void }) {
  const [about, setAbout] = useState({ description: prompt.description, owner: prompt.owner, tags: prompt.tags });
  const { act, busy, refusal } = useAct();
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (await act(() => describePrompt({ path: { project, name: prompt.name }, body: about }), "Saved.")) close();
  };
  return (
    <form onSubmit={save}>
      <Stack>
        <Textarea
          label="Description"
          description="One sentence: who uses it, for what."
          autosize
          minRows={2}
          value={about.description}
          onChange={(event) => setAbout({ ...about, description: event.currentTarget.value })}
          data-autofocus
        />
        <TextInput
          label="Owner"
          description="A person or a team."
          value={about.owner}
          onChange={(event) => setAbout({ ...about, owner: event.currentTarget.value })}
        />
        <TagsInput
          label="Tags"
          description="Enter ends one."
          value={about.tags}
          onChange={(tags) => setAbout({ ...about, tags })}
          acceptValueOnBlur
        />
        {refusal && <Problem refusal={refusal} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Leave it
          </Button>
          <Button type="submit" loading={busy}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
