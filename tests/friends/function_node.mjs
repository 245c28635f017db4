// Runs one function node's code on messages, one after the other, and prints what it sends and what the flow then knows.
import { readFileSync } from 'node:fs';

const { func, env, messages, known } = JSON.parse(readFileSync(0, 'utf8'));
const store = values => ({ get: name => values[name], set: (name, value) => (values[name] = value) });
const kept = known ?? {};
const run = new Function('msg', 'env', 'flow', 'context', 'node', func);
const context = store({});
const node = { status() {}, warn() {} };
for (const msg of messages) {
  const sent = run(msg, { get: name => env[name] }, store(kept), context, node) ?? null;
  console.log(JSON.stringify({ sent, known: kept }));
}
