/** Where the chain is exported from, whole or by a filter. */
export function exportAddress(project: string, format: "jsonl" | "csv", filter: Record<string, unknown> = {}): string {
  const asked = new URLSearchParams({ format });
  for (const [name, value] of Object.entries(filter)) if (value) asked.set(name, String(value));
  return `/api/projects/${encodeURIComponent(project)}/audit/export?${asked.toString()}`;
}
