import { QueryClient } from "@tanstack/react-query";
import { client } from "./client/client.gen";
import { answered, keyFor } from "./once";

export * from "./client";
export * from "./client/@tanstack/react-query.gen";

/** A refusal of the API (problem+json), or what stands for one when no answer came. `data` is what else it says. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly hint: string;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(status: number, said: Record<string, unknown>) {
    const text = (name: string): string => (typeof said[name] === "string" ? said[name] : "");
    super(text("detail") || text("title"));
    this.status = status;
    this.code = text("code");
    this.title = text("title");
    this.detail = text("detail");
    this.hint = text("hint");
    this.data = said;
  }

  static of(error: unknown, status: number): Refusal {
    if (error instanceof Refusal) return error;
    const said = error as Record<string, unknown> | null | undefined;
    return new Refusal(status, typeof said === "object" && typeof said?.code === "string" ? said : NO_ANSWER);
  }
}

const KEY = "Idempotency-Key";
const NO_ANSWER = {
  code: "no_answer",
  title: "The server did not answer.",
  hint: "Look at the connection, then try again.",
};

/** Whether it says that nobody is signed in any more. */
export const isSignedOut = (error: unknown): boolean =>
  error instanceof Refusal && (error.code === "unauthenticated" || error.code === "signed_out");

/** Where to sign in, and come back here from. */
export function signInAddress(): string {
  return `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
}

client.setConfig({ baseUrl: "", throwOnError: true });
// The API takes no escapes in a path, and a login has its `@` there, which needs none.
client.interceptors.request.use(async (request) => {
  const { pathname } = new URL(request.url);
  if (!pathname.includes("%40")) return request;
  const { method, headers, signal } = request;
  const url = request.url.replace(pathname, pathname.replaceAll("%40", "@"));
  return new Request(url, { method, headers, signal, body: (await request.text()) || null });
});
client.interceptors.request.use(async (request) => {
  if (request.method !== "GET") {
    request.headers.set(KEY, keyFor(request.method, request.url, await request.clone().text()));
  }
  return request;
});
client.interceptors.response.use((response, request) => {
  answered(request.headers.get(KEY), response.status);
  return response;
});
client.interceptors.error.use((error, response) => {
  return Refusal.of(error, (response as Response | undefined)?.status ?? 0);
});

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Whether there is a connection, the server knows: a browser that takes itself for offline asks too.
      networkMode: "always",
      staleTime: 10_000,
      // What the server refused, it refuses again; what did not arrive may arrive.
      retry: (count, error) => count < 2 && (error as unknown as Refusal).status === 0,
      refetchOnWindowFocus: true,
    },
  },
});
