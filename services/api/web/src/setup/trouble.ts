import { ApiError } from "../api/client";
import type { Format } from "../format/format";
import { NotLoggedIn } from "../session/session";

/** Why something could not be done, in a sentence; nothing where somebody chose not to log in. */
export function sentenceOf(error: unknown, format: Format): string {
  if (error instanceof NotLoggedIn) return "";
  if (error instanceof ApiError && error.status === 404 && error.kind === "not-found")
    return format.text("trouble.unknown");
  if (error instanceof ApiError && error.detail) return error.detail;
  return format.text("trouble.server");
}
