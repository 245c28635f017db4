import type { Route } from "../route";

/** Install the service worker, and let a new version of the page take over where nothing is being looked at. */
export function takeOver(route: Route): void {
  if (!("serviceWorker" in navigator) || !import.meta.env.PROD) return;
  const container = navigator.serviceWorker;
  const before = container.controller;
  let stale = false;
  container.addEventListener("controllerchange", () => {
    if (!before) return;
    stale = true;
    if (document.hidden) location.reload();
  });
  document.addEventListener("visibilitychange", () => {
    if (stale && document.hidden) location.reload();
  });
  let here = route.path.peek();
  route.path.subscribe((path) => {
    if (stale && path !== here) location.reload();
    here = path;
  });
  window.addEventListener("load", () => {
    container.register(new URL("sw.js", document.baseURI)).catch(() => {
      // The page works without; it only cannot be opened offline.
    });
  });
}
