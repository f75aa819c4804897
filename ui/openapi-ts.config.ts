import { defineConfig } from "@hey-api/openapi-ts";

// The client is made of the server's own description (`make docs` writes it) at every build; nobody edits it.
export default defineConfig({
  input: "openapi.json",
  output: "src/client",
  plugins: ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk", "@tanstack/react-query"],
});
