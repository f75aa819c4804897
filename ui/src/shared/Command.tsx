import { Button, Code, CopyButton, Group } from "@mantine/core";

/** Something to paste into a terminal or a program. */
export function Command({ children, label = "Copy" }: { children: string; label?: string }) {
  return (
    <Group gap="xs" className="command">
      <Code block>{children}</Code>
      <CopyButton value={children}>
        {({ copied, copy }) => (
          <Button
            variant="default"
            size="xs"
            onClick={copy}
            aria-label={label === "Copy" ? `Copy: ${children}` : label}
          >
            {copied ? "Copied" : "Copy"}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}
