import { Button, Code, CopyButton, Group } from "@mantine/core";

/** Something to paste into a terminal or a program. */
export function Command({ children, label = "Copy" }: { children: string; label?: string }) {
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start" w="100%">
      <Code block style={{ flex: 1, whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {children}
      </Code>
      <CopyButton value={children}>
        {({ copied, copy }) => (
          <Button
            variant="default"
            size="xs"
            onClick={copy}
            aria-label={label === "Copy" ? `Copy: ${children}` : label}
            style={{ flexShrink: 0 }}
          >
            {copied ? "Copied" : "Copy"}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}
