import { Code, CopyButton, Tooltip, UnstyledButton } from "@mantine/core";

/** A content's digest: its first characters, the whole for whoever points at it, copied by a click. */
export function Digest({ of }: { of: string }) {
  const short = of.replace("sha256:", "").slice(0, 10);
  return (
    <CopyButton value={of}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? "Copied" : of} multiline maw={340} style={{ overflowWrap: "anywhere" }}>
          <UnstyledButton onClick={copy} aria-label={`${short}: copy the whole digest`}>
            <Code>{short}</Code>
          </UnstyledButton>
        </Tooltip>
      )}
    </CopyButton>
  );
}
