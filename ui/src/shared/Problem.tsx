import { Alert, Code, Text } from "@mantine/core";
import { Refusal } from "../api";
import { Sentence } from "./Sentence";

/** A refusal as a person reads it: what happened, what to do, and the code to search for. */
export function Problem({ refusal, error }: { refusal?: Refusal; error?: unknown }) {
  const said = refusal ?? Refusal.of(error, 0);
  return (
    <Alert variant="light" color="red" role="alert" title={said.title}>
      {said.detail && said.detail !== said.title && <Told>{said.detail}</Told>}
      {said.hint && <Told>{said.hint}</Told>}
      <Code>{said.code}</Code>
    </Alert>
  );
}

const Told = ({ children }: { children: string }) => (
  <Text component="div" className="typed">
    <Sentence>{children}</Sentence>
  </Text>
);
