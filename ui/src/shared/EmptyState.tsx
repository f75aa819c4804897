import { Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

/** Where there is nothing yet: what would stand here, and how it gets here. */
export function EmptyState({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Stack className="panel" p="xl" gap="sm" align="flex-start">
      <Title order={2}>{title}</Title>
      <Text component="div" c="dimmed" className="prose">
        {children}
      </Text>
    </Stack>
  );
}
