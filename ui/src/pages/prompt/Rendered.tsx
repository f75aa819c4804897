import { Paper, Stack, Text } from "@mantine/core";
import { Seen } from "../../shared/Seen";
import { written } from "./content";

type Json = Record<string, unknown>;

/** A rendered text, or rendered messages: plain, whatever braces the values hold. */
export function Rendered({ rendered }: { rendered: { text?: string | null; messages?: Json[] | null } }) {
  const messages = rendered.messages ?? [{ content: rendered.text ?? "" }];
  return (
    <Stack gap="sm">
      {messages.map((message, at) => (
        <Paper key={at} className="panel" p="md">
          {typeof message.role === "string" && (
            <Text size="sm" fw={600} mb={4} c="dimmed">
              {message.role}
            </Text>
          )}
          <div className="typed" dir="auto">
            <Seen>{written(message.content)}</Seen>
          </div>
        </Paper>
      ))}
    </Stack>
  );
}
