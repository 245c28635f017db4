import { useEffect } from "preact/hooks";
import type { Question, Source } from "./source";

const RETRY_MS = 5_000;

/** Ask a source whenever the question's key or `again` changes, and again until it answers. Whether it last failed. */
export function useAsking<Answer, About>(
  source: Source<Answer, About>,
  question: Question<About> | undefined,
  again: unknown,
): boolean {
  const ask = () => {
    if (question) void source.ask(question);
  };
  const failed = source.failed.value;
  useEffect(ask, [source, question?.key, again]);
  useEffect(() => () => source.stop(), [source]);
  useEffect(() => {
    if (!failed) return;
    const retry = setInterval(ask, RETRY_MS);
    return () => clearInterval(retry);
  }, [failed, source, question?.key]);
  return failed;
}
