import { Anchor, List, Text, Title } from "@mantine/core";
import type { FindingShown } from "../../api";
import { Sentence } from "../../shared/Sentence";
import type { Looked } from "./checked";

interface Props {
  looked: Looked;
  onGo: (finding: FindingShown) => void;
}

/** What the server would have somebody look at, each with the way to it. */
export function Findings({ looked: { said, refusal }, onGo }: Props) {
  const found = said?.findings ?? [];
  return (
    <section aria-label="Worth a look" aria-live="polite">
      <Title order={2}>Worth a look</Title>
      {refusal && (
        <Text my="xs">
          <Sentence>{refusal.detail || refusal.title}</Sentence> {refusal.hint}
        </Text>
      )}
      {!refusal && said && found.length === 0 && <Text c="dimmed">Nothing stands out.</Text>}
      {!refusal && said === undefined && <Text c="dimmed">The server is looking at it …</Text>}
      <List>
        {found.map((finding, at) => (
          <List.Item key={at} className={finding.confirm ? "grave" : undefined}>
            {finding.start !== null && (
              <>
                <Anchor component="button" type="button" ta="start" onClick={() => onGo(finding)}>
                  {labelOf(finding.at)}
                </Anchor>
                {": "}
              </>
            )}
            <Sentence>{finding.sentence}</Sentence>
          </List.Item>
        ))}
      </List>
    </section>
  );
}

/** What the place is called on the page. */
export function labelOf(at: string): string {
  const [field, message, , part] = at.slice(1).split("/");
  if (field !== "messages") return "Text";
  const number = `Message ${Number(message) + 1}`;
  return part === undefined ? number : `${number}, part ${Number(part) + 1}`;
}
