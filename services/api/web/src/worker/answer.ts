/** Who answers a request: the page's own rule, a kept file, or the network alone (the API and all else). */
export type Answer = "page" | "file" | "network";

/** Decide by method and address; `scope` is where the page stands, `files` are the page's own, relative to it. */
export function answerFor(method: string, url: string, scope: string, files: readonly string[]): Answer {
  if (method !== "GET") return "network";
  const { origin, pathname } = new URL(url);
  const home = new URL(scope);
  if (origin !== home.origin || !pathname.startsWith(home.pathname)) return "network";
  const path = pathname.slice(home.pathname.length);
  if (path === "") return "page";
  return files.includes(path) ? "file" : "network";
}
