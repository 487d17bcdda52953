import { text } from "node:stream/consumers";
import { runAgent } from "../../../src/agent/agent.ts";
import type { AskedAgent } from "../../../src/agent/request.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { openStore } from "../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../src/stores/location.ts";
import { agentServices, lineLog, servedStore } from "./agent-services.ts";
import { resourcesWith } from "../cluster/cluster-resource.ts";
import { withFaults } from "../stores/store-faults.ts";

/* An agent as stdin describes it, in a process that a test can stop and kill. It says what its log is told, a line each. */

type Order = {
  readonly request: AskedAgent;
  readonly state: string;
  /** What its machine is called; absent: as this one is. */
  readonly host?: string;
  /** The URL of a cluster that its runs may be in. */
  readonly cluster?: string;
  readonly stores: readonly string[];
  /** Verbs that fail. */
  readonly refused: readonly string[];
};
const parse: (json: string) => Order = JSON.parse;

const order = parse(await text(process.stdin));
const state = stateDirectoryAt(order.state, order.host);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const log = lineLog(say);
const resources = resourcesWith(order.cluster, { log, cacheDirectory: state.cache, environment: process.env });
const refuses = (verb: string): boolean => order.refused.includes(verb);
const stores = await Promise.all(
  order.stores.map(async (url) => {
    const opened = await openStore(parseStoreUrl(url), { log, stateDirectory: state });
    const store = withFaults(opened, undefined, undefined, refuses);
    return servedStore({ store, queues: order.request.queues });
  }),
);
const [first, second] = [new AbortController(), new AbortController()];
process.on("SIGTERM", () => (first.signal.aborted ? second : first).abort());
say("ready");
const { end, message, runs } = await runAgent(
  order.request,
  agentServices({ log, state, stores, force: second.signal, resources }),
  first.signal,
);
say(`ended ${JSON.stringify({ end, message, runs })}`);
await resources.close();
for (const { store } of stores) await store.close();
