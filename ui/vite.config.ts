import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";
import react from "@vitejs/plugin-react";

/** Writes `.br` and `.gz` beside every file that shrinks: the server compresses nothing while it serves. */
function precompressed(): Plugin {
  return {
    name: "precompressed",
    apply: "build",
    // When everything is written: Vite itself still changes chunks while the bundle is generated.
    writeBundle({ dir = "" }, bundle) {
      const most = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
      for (const name of Object.keys(bundle).filter((name) => /\.(js|css|svg)$/.test(name))) {
        const content = readFileSync(join(dir, name));
        writeFileSync(join(dir, `${name}.br`), brotliCompressSync(content, most));
        writeFileSync(join(dir, `${name}.gz`), gzipSync(content, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: "/static/app/",
  publicDir: false,
  plugins: [react(), precompressed()],
  build: {
    outDir: "../src/cuebook_server/ui/static/app",
    emptyOutDir: true,
    manifest: "manifest.json",
    // No file of ours is inlined as a `data:` address: the policy lets images through from the server only.
    assetsInlineLimit: 0,
    // What every page starts with is one file: twenty small ones cost a browser more to find than to read.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "first", tags: ["$initial"] }] } } },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
  // `npx vite` serves the sources with the API of a running server behind it.
  server: { proxy: { "/api": process.env.CUEBOOK_URL ?? "http://127.0.0.1:8080" } },
});
