import { join } from "node:path";
import { afterAll } from "vitest";
import { silentLog } from "../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { parseKey } from "../../../src/queues/key.ts";
import { openStore } from "../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../src/stores/location.ts";
import type { Planted, QueueEngine } from "../stores/queue-engine.ts";
import type { PlantedRun } from "../stores/damaged-items.ts";
import { plantRunInPostgres } from "../stores/plant.ts";
import { type PostgresServer, sql, startPostgres } from "./postgres.ts";
import { startPostgresProxy } from "./postgres-proxy.ts";

let server: Promise<PostgresServer> | undefined;

/** One server for all tests of a file, a database for each; every connection goes through a proxy that can lose answers. */
export async function postgresEngine(folder: string): Promise<QueueEngine> {
  server ??= startPostgres();
  const running = await server;
  const { port } = running;
  const url = await running.newDatabase();
  const proxy = await startPostgresProxy(port);
  return {
    open: (machine) =>
      openStore(parseStoreUrl(url.replace(`:${port}/`, `:${proxy.port}/`)), {
        log: silentLog,
        stateDirectory: stateDirectoryAt(join(folder, machine)),
      }),
    // Every write is a call of one of our functions; looks are not.
    loseNextAnswer: () => proxy.dropAnswersTo(/launch\.\w+\(\$1/, 1),
    plant: (queue, key, planted) => plantInPostgres(url, [queue, key], planted),
    plantAll: async (queue, runs) => {
      const there: PlantedRun[] = [];
      for (const run of runs) if (await plantRunInPostgres(url, queue, run)) there.push(run);
      await sql(url, "SELECT launch.mark_unreadable()");
      return there;
    },
    end: () => proxy.stop(),
  };
}

/** Puts a row into a queue. Without its triggers a table takes what no function of ours would write. */
export async function plantInPostgres(
  url: string,
  [queue, key]: readonly [string, string],
  { head, record = "{}", place = "waiting" }: Planted,
): Promise<void> {
  const parsed = parseKey(key);
  if (parsed === undefined) throw new Error(`"${key}" is no key`);
  const content = isJson(head) ? head : JSON.stringify(head);
  await sql(
    url,
    `SET session_replication_role = replica;
     INSERT INTO launch.runs (run_id, place, version, nonces, head, record, created_at, submitter, queue, priority, key_time, slots)
     VALUES ('${parsed.runId}', '${place}', '${key}', '{}', '${content}', '${record}', '', '', '${queue}', ${parsed.priority}, ${parsed.time}, '{}')`,
  );
}

afterAll(async () => {
  await (await server)?.stop();
  server = undefined;
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
