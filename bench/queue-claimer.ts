import { once } from "node:events";
import pg from "pg";
import { silentLog } from "../src/core/output/log.ts";
import { stateDirectoryAt } from "../src/core/state-directory.ts";
import { openStore } from "../src/stores/index.ts";
import { parseStoreUrl } from "../src/stores/location.ts";
import type { PickRequest } from "../src/stores/queue-store.ts";

/*
 * One of the agents that take runs at the same time: claims until nothing waits, as a store does or by a bare loop over a bare table.
 * Says "ready", begins at the first byte of stdin, and says how many it took.
 */

const [, , kind, url = "", agent = ""] = process.argv;
const { signal } = new AbortController();

async function storeClaimer(): Promise<() => Promise<boolean>> {
  const store = await openStore(parseStoreUrl(url), {
    log: silentLog,
    stateDirectory: stateDirectoryAt("/nonexistent"),
  });
  const { picks } = store;
  if (picks === undefined) throw new Error("the store can't pick");
  const request: PickRequest = {
    queue: "gpu",
    lease: { agent, incarnation: agent, since: new Date().toISOString() },
    order: { mode: "priority", ageingMs: undefined },
    limits: { running: undefined, runningPerSubmitter: undefined },
    agent: { free: {}, timeLeftMs: undefined },
  };
  // Another queue, so that the tables are looked at and the connection is there.
  await picks.claimNext({ ...request, queue: "empty" }, signal);
  return async () => (await picks.claimNext(request, signal)).kind === "won";
}

/** https://www.postgresql.org/docs/current/sql-select.html#SQL-FOR-UPDATE-SHARE, and nothing else. */
async function bareClaimer(): Promise<() => Promise<boolean>> {
  const client = new pg.Client(url);
  await client.connect();
  const text = `UPDATE bare SET state = 'leased', agent = $1 WHERE id = (
      SELECT id FROM bare WHERE state = 'waiting' ORDER BY priority, id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING *`;
  return async () => (await client.query(text, [agent])).rows.length > 0;
}

const claimOne = kind === "store" ? await storeClaimer() : await bareClaimer();
process.stdout.write("ready\n");
await once(process.stdin, "data");
let taken = 0;
while (await claimOne()) taken += 1;
process.stdout.write(`${taken}\n`);
process.exit(0);
