import { defineConfig } from "vitest/config";
import { workerFiles } from "./worker-files.ts";

const api = "http://127.0.0.1:8080";

export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [workerFiles()],
  build: {
    outDir: "../meterkast_api/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: "index.html", sw: "src/worker/worker.ts" },
      output: { entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
    },
  },
  server: { proxy: { "/api": api, "/health": api } },
  test: { include: ["tests/**/*.test.ts"] },
});
