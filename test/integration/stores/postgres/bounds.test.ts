import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { silentLog } from "../../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../../src/core/state-directory.ts";
import { openStore } from "../../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../../src/stores/location.ts";
import type { WholeStore } from "../../../../src/stores/whole-store.ts";
import { describeWith } from "../../../support/engines.ts";
import { type PostgresServer, sql, startPostgres } from "../../../support/postgres/postgres.ts";
import { damages, plantedRun } from "../../../support/stores/damaged-items.ts";
import { queuedDocument } from "../../../support/stores/run-document.ts";

/* What a submitter's own client says counts for nothing: the functions look at what they are given themselves. */
describeWith(["postgres"], "what Postgres refuses by itself", () => {
  let server: PostgresServer;
  let url: string;
  let store: WholeStore;
  const { signal } = new AbortController();

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    url = await server.newDatabase();
    store = await openStore(parseStoreUrl(url), { log: silentLog, stateDirectory: stateDirectoryAt("/nonexistent") });
    await store.enqueue([queuedDocument("digits-1")], signal);
  });
  afterEach(() => store.close());

  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const enqueue = (runId: string, head: string, record: string): Promise<unknown> =>
    sql(
      url,
      `SELECT * FROM launch.enqueue(1000000, ARRAY['n-${runId}'], ARRAY['${runId}'], ARRAY[${quoted(head)}::jsonb], ARRAY[${quoted(record)}::json], ARRAY[NULL::bytea], ARRAY[NULL::bytea])`,
    );
  const plain = (runId: string, replace?: string): Promise<unknown> => {
    const { run, record } = queuedDocument(runId, replace === undefined ? {} : { replace });
    return enqueue(runId, JSON.stringify(run), JSON.stringify(record));
  };
  const define = async (maxWaiting: number | undefined): Promise<void> => {
    const expected = (await store.definitions?.read("gpu", signal))?.version;
    const text = maxWaiting === undefined ? "order: fifo\n" : `limits: {waiting: ${maxWaiting}}\n`;
    const written = await store.definitions?.write({ name: "gpu", text, expected, by: "ada", maxWaiting }, signal);
    expect(written?.kind).toBe("written");
  };
  const waiting = async (): Promise<number> => (await store.snapshot(["gpu"], signal)).entries.length;

  it("more runs than the stored definition has room for, whatever limit the caller names", async () => {
    await define(2);
    await plain("digits-2");
    await expect(plain("digits-3")).rejects.toMatchObject({ code: "LA001" });
    await expect(store.enqueue([queuedDocument("digits-4")], signal)).rejects.toMatchObject({ code: "refused" });
    const two = await Promise.allSettled([define(3), Promise.resolve()]);
    expect(two.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
    const many = await Promise.allSettled(["a", "b", "c", "d"].map((name) => plain(`digits-${name}`)));
    expect(many.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await waiting()).toBe(3);
    await define(undefined);
    await plain("digits-5");
    expect(await waiting()).toBe(4);
  });

  it("more runs than there is room for, also where they say that they take the place of another", async () => {
    await define(2);
    await plain("digits-2", "pr-1");
    await expect(plain("digits-3", "pr-1")).rejects.toMatchObject({ code: "LA001" });
    expect(await waiting()).toBe(2);
  });

  it("every run that nobody could read, with the place, and nothing of it is there", async () => {
    const own = new Set(["another queue", "a newer record", "a newer head"]);
    for (const [name, damage] of Object.entries(damages)) {
      if (own.has(name)) continue;
      const run = plantedRun(name, damage, { runId: "odd-1", place: "waiting", time: 0, queue: "gpu" });
      if (typeof run.record === "string") continue;
      // What is no JSON fails before.
      await expect(enqueue("odd-1", run.head.toString(), run.record.toString()), name).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:LA002|22\w{3}|08P01|54\w{3})$/) as unknown,
      });
    }
    const { entries, unreadable } = await store.snapshot("all", signal);
    expect(entries.map(({ run }) => run.run_id)).toEqual(["digits-1"]);
    expect(unreadable).toEqual([]);
  });

  it("patches and log ends that are too long, beats that are none, and leases that are none", async () => {
    const long = (field: "patch" | "tail", bytes: number) =>
      store.enqueue(
        [queuedDocument("long-1", {}, {}, { [field]: field === "tail" ? "x".repeat(bytes) : Buffer.alloc(bytes) })],
        signal,
      );
    await expect(long("patch", 1_048_577)).rejects.toMatchObject({ code: "refused" });
    await expect(long("tail", 131_073)).rejects.toMatchObject({ code: "refused" });
    await expect(sql(url, `SELECT launch.beat('n', 'a1', NULL, '{"agent": "a1", "queues": 7}')`)).rejects.toMatchObject(
      { code: "LA002" },
    );
    const [{ version } = {}] = await sql(url, "SELECT version FROM launch.runs WHERE run_id = 'digits-1'");
    const claim = JSON.stringify({ nonce: "n", run_id: "digits-1", version, lease: { agent: {} } });
    await expect(sql(url, `SELECT launch.claim('${claim}')`)).rejects.toMatchObject({ code: "LA002" });
    expect(await waiting()).toBe(1);
  });
});
