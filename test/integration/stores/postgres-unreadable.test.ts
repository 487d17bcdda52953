import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { silentLog } from "../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import type { RunDocument } from "../../../src/run/document.ts";
import { openStore } from "../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../src/stores/location.ts";
import { migrations } from "../../../src/stores/postgres/migrations/index.ts";
import type { WholeStore } from "../../../src/stores/whole-store.ts";
import { beatOf } from "../../support/agent/agent-beat.ts";
import { describeWith } from "../../support/engines.ts";
import { type PostgresServer, sql, startPostgres } from "../../support/postgres/postgres.ts";
import { endedRun } from "../../support/stores/queued-run.ts";
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

  it("one that had ended waits again only where its queue has room", async () => {
    const limit = { name: "gpu", text: "limits: {waiting: 2}", expected: undefined, by: "ann", maxWaiting: 2 };
    await store.definitions!.write(limit, signal);
    const [first] = (await store.snapshot("all", signal)).entries;
    const end = endedRun(queuedDocument("digits-1"), { state: "cancelled", reason: "cancelled" });
    expect(await store.cancel(first!, end, signal)).toBe("cancelled");
    await store.enqueue([queuedDocument("digits-3")], signal);
    await damage("runs SET unreadable = 'x' WHERE run_id = 'digits-1'");
    const [odd] = (await store.snapshot("all", signal)).unreadable;
    await expect(store.putUnread(odd!, "waiting", signal)).rejects.toMatchObject({ code: "refused" });
    expect((await store.snapshot("all", signal)).unreadable).toMatchObject([{ place: "ended" }]);
    const [last] = (await store.snapshot("all", signal)).entries;
    const other = endedRun(queuedDocument("digits-2"), { state: "cancelled", reason: "cancelled" });
    expect(await store.cancel(last!, other, signal)).toBe("cancelled");
    expect(await store.putUnread(odd!, "waiting", signal)).toBe(true);
  });

  it("a head of more values than a reader takes is refused", async () => {
    const { run, ...parts } = queuedDocument("digits-3");
    const head = (values: number): RunDocument => ({
      ...parts,
      run: Object.assign({ more: Array(values).fill(0) }, run),
    });
    await expect(store.enqueue([head(10_001)], signal)).rejects.toMatchObject({ code: "refused" });
    expect(await store.enqueue([head(4_000)], signal)).toMatchObject([{ kind: "enqueued" }]);
    expect((await store.snapshot("all", signal)).entries.map(({ run }) => run.run_id)).toContain("digits-3");
  });
});

/** Numbers and other things that are no whole number in writing, or none that could be one. */
const oddNumbers = [
  "1.0",
  "1.50",
  "1e0",
  "10e-1",
  "-0",
  "1e300",
  "99999999999",
  '"1"',
  '"1.0"',
  "null",
  "[]",
  "{}",
  "true",
];

describeWith(["postgres"], "rows of the version before", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  it("none of them stops the step up, whatever stands where a number is wanted", async () => {
    const url = await server.newDatabase();
    const signal = AbortSignal.timeout(60_000);
    const [first = "", second = ""] = migrations;
    const old = "CREATE SCHEMA launch; CREATE TABLE launch.migrations (version integer PRIMARY KEY)";
    await sql(url, `${old}; ${first}; ${second}; INSERT INTO launch.migrations VALUES (1), (2)`);
    const rows = ["priority", "timeout_ms", "attempts_max"].map((name) => `{queued,${name}}`);
    const places = ["{schema_version}", "{attempt}", "{exit_code}", "{queued,slots}", ...rows];
    const values: string[] = [];
    const add = (head: string, record: string): void => {
      const id = `odd-${values.length}`;
      const ours = `head || '{"run_id":"${id}"}'`;
      values.push(`SELECT '${id}', ${head.replace("head", ours)}, ${record} FROM h`);
    };
    const { run, record } = queuedDocument("odd");
    const quoted = (value: object): string => `'${JSON.stringify(value).replaceAll("'", "''")}'`;
    for (const odd of oddNumbers) {
      add("head", `'{"schema_version":${odd}}'::json`);
      for (const place of places) add(`jsonb_set(head, '${place}', '${odd}')`, `${quoted(record)}::json`);
    }
    await sql(
      url,
      `SET session_replication_role = replica;
      INSERT INTO launch.runs (run_id, place, version, nonces, head, record, created_at, submitter, queue, priority, key_time, slots, schema_version)
      WITH h AS (SELECT ${quoted(run)}::jsonb AS head)
      SELECT g.id, 'waiting', g.id, ARRAY[g.id], g.head, g.record, '', '', 'gpu', 1, 1, '{}', 1
        FROM (${values.join(" UNION ALL ")}) AS g (id, head, record)`,
    );
    const store = await openStore(parseStoreUrl(url), {
      log: silentLog,
      stateDirectory: stateDirectoryAt("/nonexistent"),
    });
    try {
      expect(await store.enqueue([queuedDocument("digits-1")], signal)).toMatchObject([{ kind: "enqueued" }]);
      const { entries, unreadable } = await store.snapshot("all", signal);
      expect(entries.map((entry) => entry.run.run_id)).toContain("digits-1");
      expect(entries.length + unreadable.length).toBe(values.length + 1);
      expect(unreadable.length).toBeGreaterThan(values.length / 2);
    } finally {
      await store.close();
    }
  });
});
