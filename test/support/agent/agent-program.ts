import { runAgent } from "../../../src/agent/agent.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { interruption } from "../../../src/core/interruption.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { openStore } from "../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../src/stores/location.ts";
import { saidTo } from "../log.ts";
import type { AgentOrder } from "./agent-process.ts";
import { agentServices, servedStore } from "./agent-services.ts";

/* An agent of a store, until it is told to end. Its clock may be wrong; its log goes to stdout, what became of it at last. */

const parse: (json: string) => AgentOrder = JSON.parse;

const order = parse(process.argv[2] ?? "");
const say = (text: string): void => void process.stdout.write(`${new Date().toISOString()} ${text}\n`);
const log = saidTo({
  phase: ({ phase, status, detail }) => say(`${phase} ${status}: ${detail}`),
  output: ({ bytes }) => say(bytes.toString().trimEnd()),
  info: say,
  warning: (message) => say(`warning: ${message}`),
  debug: (message) => say(`debug: ${message}`),
});
const clock = { ...systemClock, now: () => new Date(Date.now() + order.clockOffsetMs) };
const stateDirectory = stateDirectoryAt(order.state);
const store = await openStore(parseStoreUrl(order.url), { log, stateDirectory });
// Whoever started it may have been killed.
const parent = process.ppid;
const watch = setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}, 500);
const interrupted = interruption({
  onFirst: (name) => say(`${name}: takes no more`),
  onSecond: (name) => say(`${name}: ends its runs`),
  onForce: () => process.exit(130),
});
try {
  const result = await runAgent(
    {
      agent: order.agent,
      maxJobs: order.maxJobs,
      slots: {},
      lease: { ttlMs: order.ttlMs, heartbeatMs: order.heartbeatMs },
      drain: false,
      idleTimeoutMs: undefined,
      timeLimitMs: undefined,
      onSignal: "drain",
      endedRuns: "requeue",
      job: undefined,
    },
    agentServices({
      log,
      clock,
      state: stateDirectory,
      stores: [servedStore({ store, queues: order.queues })],
      force: interrupted.force,
    }),
    interrupted.signal,
  );
  say(`ended: ${result.end}`);
} finally {
  clearInterval(watch);
  interrupted.stop();
  await store.close();
}
