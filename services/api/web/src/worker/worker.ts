import { answerFor } from "./answer";

declare const self: ServiceWorkerGlobalScope;

/** Filled in at building: every file of the page, and a name that changes with any of them. */
const FILES: readonly string[] = ["%FILES%"];
const VERSION = "%VERSION%";
const PAGE = "./";
/** So long may the network take to bring the page itself before the one that is kept is shown. */
const PATIENCE_MS = 4_000;

const scope = new URL(self.registration.scope).pathname;
const name = `meterkast ${scope} ${VERSION}`;

self.addEventListener("install", (event) => {
  event.waitUntil(install());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(activate());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  switch (answerFor(request.method, request.url, self.registration.scope, FILES)) {
    case "page":
      event.respondWith(page(request));
      break;
    case "file":
      event.respondWith(file(request));
      break;
    case "network":
      break;
  }
});

/** Keep every file of this version; where one is missing, the version before stays in charge. */
async function install(): Promise<void> {
  const cache = await caches.open(name);
  await cache.addAll([PAGE, ...FILES].map((path) => new Request(path, { cache: "no-cache" })));
  await self.skipWaiting();
}

async function activate(): Promise<void> {
  const former = (await caches.keys()).filter(
    (each) => each.startsWith(`meterkast ${scope} `) && each !== name,
  );
  await Promise.all(former.map((each) => caches.delete(each)));
  await self.clients.claim();
}

/** The page from the server; the kept one where that is away, slow, or says it cannot serve. */
async function page(request: Request): Promise<Response> {
  const kept = await (await caches.open(name)).match(PAGE, { ignoreVary: true });
  if (!kept) return fetch(request);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return answer.status >= 500 ? kept : answer;
  } catch {
    return kept;
  }
}

async function file(request: Request): Promise<Response> {
  const kept = await (await caches.open(name)).match(request, { ignoreVary: true });
  return kept ?? fetch(request);
}
