import { Code, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { VersionShown } from "../../api";
import { type Content, type Variable, written } from "./content";

/** What stands beside a version's text: the contract, the model, the tools, where it comes from. */
export function Beside({ version, content, project }: { version: VersionShown; content: Content; project: string }) {
  const variables = Object.entries(content.variables ?? {});
  const includes = Object.entries(content.includes ?? {});
  const provenance = Object.entries(version.provenance ?? {}).filter(([, value]) => value !== null);
  return (
    <Stack gap="lg" miw={0}>
      <Part title="Variables">
        {variables.length === 0 && <Text size="sm">None: the text is always the same.</Text>}
        {variables.map(([name, variable]) => (
          <Contract key={name} name={name} variable={variable} />
        ))}
      </Part>
      <Part title="Model">
        {content.model ? (
          <>
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>
              {[content.model.provider, content.model.name].filter(Boolean).join(" · ")}
            </Text>
            {Object.entries(content.model.parameters ?? {}).map(([name, value]) => (
              <Line key={name} name={name} value={value} />
            ))}
          </>
        ) : (
          <Text size="sm">The application decides.</Text>
        )}
      </Part>
      {includes.length > 0 && (
        <Part title="Fragments">
          {includes.map(([name, number]) => (
            <Text key={name} size="sm" style={{ overflowWrap: "anywhere" }}>
              <Link to="/p/$project/prompts/$name" params={{ project, name }} search={{ version: number }}>
                {name}
              </Link>{" "}
              v{number}
            </Text>
          ))}
        </Part>
      )}
      {(content.tools ?? []).length > 0 && (
        <Part title="Tools">
          {content.tools?.map((tool, at) => (
            <details key={at}>
              <summary>{toolName(tool) ?? `Tool ${at + 1}`}</summary>
              <Json value={tool} />
            </details>
          ))}
        </Part>
      )}
      {content.response_format && (
        <Part title="Response format">
          <Json value={content.response_format} />
        </Part>
      )}
      {provenance.length > 0 && (
        <Part title="Where it came from">
          {provenance.map(([name, value]) => (
            <Line key={name} name={name.replaceAll("_", " ")} value={value} />
          ))}
        </Part>
      )}
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <Title order={2} mb={6}>
        {title}
      </Title>
      <Stack gap={6}>{children}</Stack>
    </section>
  );
}

function Contract({ name, variable }: { name: string; variable: Variable }) {
  const needed = variable.default === undefined && variable.required !== false;
  return (
    <div style={{ overflowWrap: "anywhere" }}>
      <Text size="sm">
        <span className="variable">{name}</span> {variable.type ?? "string"}
        {needed ? "" : ", may be left out"}
      </Text>
      <Text size="sm" c="dimmed" className="typed">
        {[
          variable.description,
          variable.default !== undefined && `Left out: ${written(variable.default)}`,
          variable.enum && `One of: ${variable.enum.map(written).join(", ")}`,
        ]
          .filter(Boolean)
          .join("\n")}
      </Text>
    </div>
  );
}

function Line({ name, value }: { name: string; value: unknown }) {
  return (
    <Text size="sm" style={{ overflowWrap: "anywhere" }}>
      <Text span c="dimmed">
        {name}
      </Text>{" "}
      {written(value)}
    </Text>
  );
}

function Json({ value }: { value: unknown }) {
  return (
    <Code block style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
      {written(value)}
    </Code>
  );
}

function toolName(tool: Record<string, unknown>): string | undefined {
  const named = (tool.function ?? tool) as { name?: unknown };
  return typeof named.name === "string" ? named.name : undefined;
}
