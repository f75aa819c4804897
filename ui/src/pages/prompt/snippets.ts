/** What a call needs to know. `key`: the name of a delivery key, empty where there is none; never its secret. */
export interface Told {
  url: string;
  name: string;
  key: string;
  environment: string;
  values: Record<string, unknown>;
}

// A name goes into a comment: one line, and no way out of it.
const secret = ({ key, environment }: Told): string =>
  `the secret of ${key ? `the key ${JSON.stringify(key)}` : "a key"}, which reads ${environment}`;

const shell = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** A call from a terminal. */
export function curl(told: Told): string {
  return `# CUEBOOK_KEY: ${secret(told)}
curl --fail-with-body ${told.url}/v1/prompts/${told.name}/render \\
  -H "Authorization: Bearer $CUEBOOK_KEY" -H "Content-Type: application/json" \\
  --data ${shell(JSON.stringify({ variables: told.values }))}`;
}

/** With the package `cuebook`. */
export function python(told: Told): string {
  return `# pip install cuebook
# CUEBOOK_URL=${told.url}
# CUEBOOK_KEY: ${secret(told)}
import cuebook

prompts = cuebook.Client()
call = prompts.get(${JSON.stringify(told.name)}).render(${literal(told.values)})
print(call.messages or call.text, call.receipt)`;
}

/** With what Node and browsers bring. */
export function typescript(told: Told): string {
  return `// CUEBOOK_KEY: ${secret(told)}
const answer = await fetch(${JSON.stringify(`${told.url}/v1/prompts/${told.name}/render`)}, {
  method: "POST",
  headers: { Authorization: \`Bearer \${process.env.CUEBOOK_KEY}\`, "Content-Type": "application/json" },
  body: JSON.stringify({ variables: ${JSON.stringify(told.values)} }),
});
if (!answer.ok) throw new Error(await answer.text());
const { messages, text, receipt } = await answer.json();`;
}

/** A value as Python writes it. */
function literal(value: unknown): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") {
    const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${literal(member)}`);
    return `{${members.join(", ")}}`;
  }
  return JSON.stringify(value);
}
