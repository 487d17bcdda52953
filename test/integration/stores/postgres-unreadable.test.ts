import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { silentLog } from "../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { openStore } from "../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../src/stores/location.ts";
import type { WholeStore } from "../../../src/stores/whole-store.ts";
import { beatOf } from "../../support/agent/agent-beat.ts";
import { describeWith } from "../../support/engines.ts";
import { type PostgresServer, sql, startPostgres } from "../../support/postgres/postgres.ts";
import { queuedDocument } from "../../support/stores/run-document.ts";

/* Whoever may write to the tables can write what no launch would. */
describeWith(["postgres"], "rows that somebody else has damaged", () => {
  let server: PostgresServer;
  let url: string;
  let store: WholeStore;
  let signal: AbortSignal;

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    signal = AbortSignal.timeout(60_000);
    url = await server.newDatabase();
    store = await openStore(parseStoreUrl(url), { log: silentLog, stateDirectory: stateDirectoryAt("/nonexistent") });
    await store.enqueue([queuedDocument("digits-1"), queuedDocument("digits-2")], signal);
  });
  afterEach(() => store.close());

  /** Without its triggers a table takes what no function of ours would write. */
  const damage = (change: string): Promise<unknown> =>
    sql(url, `SET session_replication_role = replica; UPDATE launch.${change}`);

  it.each([
    ["a head of no queue", `head - 'queued'`, "says nothing of a queue"],
    ["a head of another queue", `jsonb_set(head, '{queued,queue}', '"other"')`, '"queued.queue"'],
    ["a head without a name", `head - 'name'`, 'at "name"'],
    ["a head with a name that is far too long", `jsonb_set(head, '{name}', to_jsonb(repeat('x', 5000)))`, 'at "name"'],
    ["an attempt that is none", `jsonb_set(head, '{attempt}', '-7')`, 'at "attempt"'],
    ["another run's head", `jsonb_set(head, '{run_id}', '"digits-9"')`, "another run's"],
    ["a head that is a list", `'[]'`, "not a JSON object"],
  ])("%s is named with its place, and the others are shown", async (_, head, words) => {
    await damage(`runs SET head = ${head} WHERE run_id = 'digits-1'`);
    const { entries, unreadable } = await store.snapshot("all", signal);
    expect(entries.map(({ run }) => run.run_id)).toEqual(["digits-2"]);
    expect(unreadable).toMatchObject([{ queue: "gpu", why: expect.stringContaining(words) as unknown }]);
    expect((await store.list(10, signal)).filter(({ kind }) => kind === "run").length).toBeGreaterThan(0);
  });

  it("a record that is a list is named", async () => {
    await damage("runs SET record = '[]'");
    await expect(store.read("digits-1", signal)).rejects.toMatchObject({
      code: "store-failed",
      message: 'run "digits-1" can\'t be read: its record is not a JSON object',
    });
  });

  it("a beat is named with its place", async () => {
    await store.beat(beatOf("a1", "i"), undefined, signal);
    await damage("agents SET beat = jsonb_set(beat, '{queues}', '7')");
    const { agents, unreadableBeats } = await store.snapshot("all", signal);
    expect(agents).toEqual([]);
    expect(unreadableBeats?.get("a1")?.why).toContain('at "queues"');
  });
});
