import { Alert, Code, Text } from "@mantine/core";
import { Refusal } from "../api";

/** A refusal as a person reads it: what happened, what to do, and the code to search for. */
export function Problem({ refusal, error }: { refusal?: Refusal; error?: unknown }) {
  const said = refusal ?? Refusal.of(error, 0);
  return (
    <Alert variant="light" color="red" role="alert" title={said.title}>
      {said.detail && said.detail !== said.title && <Text className="typed">{said.detail}</Text>}
      {said.hint && <Text className="typed">{said.hint}</Text>}
      <Code>{said.code}</Code>
    </Alert>
  );
}
