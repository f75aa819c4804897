import { Group, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";

/** The top of every page: its name (which is the tab's too), a sentence, and what can be done here. */
export function PageHeader({ title, children, actions }: { title: string; children?: ReactNode; actions?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Cuebook`;
  }, [title]);
  return (
    <Group component="header" justify="space-between" align="flex-start" mb="lg" gap="md">
      <Stack gap={4} className="prose">
        <Title order={1} style={{ overflowWrap: "anywhere" }}>
          {title}
        </Title>
        {children && (
          <Text component="div" c="dimmed" size="sm">
            {children}
          </Text>
        )}
      </Stack>
      {actions && <Group className="no-print">{actions}</Group>}
    </Group>
  );
}
