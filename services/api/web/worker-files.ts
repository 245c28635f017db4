import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Plugin } from "vite";

const WORKER = "sw.js";
/** The page itself has a rule of its own, and the system fetches large icons when it installs the page. */
const LEFT_OUT = /^(index\.html|sw\.js|.*\.png)$/;

/** Tells the service worker which files the page is made of, and gives it a version made from what is in them. */
export function workerFiles(): Plugin {
  let folder = "";
  return {
    name: "worker-files",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    writeBundle() {
      const files = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
        .sort();
      const kept = files.filter((file) => !LEFT_OUT.test(file));
      const hash = createHash("sha256");
      for (const file of files) hash.update(file).update(readFileSync(join(folder, file)));
      const worker = join(folder, WORKER);
      const code = readFileSync(worker, "utf8")
        .replace(/["'`]%FILES%["'`]/, kept.map((file) => JSON.stringify(file)).join())
        .replace("%VERSION%", hash.digest("hex").slice(0, 12));
      if (code.includes("%")) throw new Error("the service worker has a placeholder left");
      writeFileSync(worker, code);
    },
  };
}
