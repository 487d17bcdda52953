import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { silentLog } from "../../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../../src/core/state-directory.ts";
import { openStore } from "../../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../../src/stores/location.ts";
import { grantsSql } from "../../../../src/stores/postgres/grants.ts";
import type { WholeStore } from "../../../../src/stores/whole-store.ts";
import { describeWith } from "../../../support/engines.ts";
import { type PostgresServer, sql, startPostgres } from "../../../support/postgres/postgres.ts";
import { queuedDocument, runDocument, succeeded } from "../../../support/stores/run-document.ts";
import { endedRun, leaseOf } from "../../../support/stores/queued-run.ts";

describeWith(["postgres"], "roles in Postgres", () => {
  const signal = AbortSignal.timeout(120_000);
  let server: PostgresServer;
  let url: string;
  const opened: WholeStore[] = [];

  const loginUrl = (login: string): string => url.replace(/\/\/[^@]*@/, `//${login}:pw-of-${login}@`);
  const openAs = async (login: string): Promise<WholeStore> => {
    const store = await openStore(parseStoreUrl(login === "owner" ? url : loginUrl(login)), {
      log: silentLog,
      stateDirectory: stateDirectoryAt("/nonexistent"),
    });
    opened.push(store);
    return store;
  };

  beforeAll(async () => {
    server = await startPostgres();
    url = await server.newDatabase();
    const logins = ["ann", "bob", "runner", "boss", "nobody"];
    await sql(url, logins.map((login) => `CREATE ROLE ${login} LOGIN PASSWORD 'pw-of-${login}';`).join("\n"));
    await sql(url, `REVOKE CREATE, TEMPORARY ON DATABASE ${new URL(url).pathname.slice(1)} FROM PUBLIC`);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });
  afterAll(() => server.stop());

  const refused = { code: "refused" };

  it("lets nobody but an owner make the tables, and says who can", async () => {
    const store = await openAs("ann");
    const made = store.enqueue([queuedDocument("digits-0")], signal);
    await expect(made).rejects.toMatchObject({ code: "refused", message: expect.stringContaining("owner") as unknown });
    await (await openAs("owner")).pause("none", false, signal);
    await sql(url, grantsSql());
    // Running it again, as after a migration, changes nothing.
    await sql(url, grantsSql());
    await sql(url, "GRANT launch_submitter TO ann, bob; GRANT launch_agent TO runner; GRANT launch_admin TO boss;");
  });

  it("gives a login without a role nothing", async () => {
    await expect((await openAs("nobody")).snapshot("all", signal)).rejects.toMatchObject(refused);
  });

  it("lets a submitter enqueue, look, move and cancel, and nothing else", async () => {
    const store = await openAs("ann");
    await store.enqueue([queuedDocument("digits-1"), queuedDocument("digits-2")], signal);
    const [first, second] = (await store.snapshot(["gpu"], signal)).entries;
    const document = await store.load(first!, signal);
    const moved = {
      ...document!,
      run: { ...document!.run, queued: { ...document!.run.queued!, priority: 0 as const } },
    };
    expect((await store.move(first!, moved, signal)).kind).toBe("written");
    const cancelled = endedRun(queuedDocument("digits-2"), { state: "cancelled", reason: "cancelled" });
    expect(await store.cancel(second!, cancelled, signal)).toBe("cancelled");

    const entry = (await store.snapshot(["gpu"], signal)).entries.find(({ place }) => place === "waiting")!;
    await expect(store.claim({ entry, lease: leaseOf("ann") }, signal)).rejects.toMatchObject(refused);
    await expect(store.pause("gpu", true, signal)).rejects.toMatchObject(refused);
    await expect(store.remove([{ runId: "digits-1", version: entry.version }], signal)).rejects.toMatchObject(refused);
    await expect(store.fold("gpu", 0, signal)).rejects.toMatchObject(refused);
    const change = { name: "gpu", text: "resource: local-process", expected: undefined, by: "ann" };
    await expect(store.definitions!.write(change, signal)).rejects.toMatchObject(refused);
  });

  it("lets a submitter forge no result, by no way", async () => {
    const store = await openAs("ann");
    await store.enqueue([queuedDocument("digits-3")], signal);
    const entry = (await store.snapshot(["gpu"], signal)).entries.find(({ run }) => run.run_id === "digits-3")!;
    await expect(store.cancel(entry, endedRun(queuedDocument("digits-3")), signal)).rejects.toThrow(
      /only be cancelled/,
    );
    for (const statement of [
      "UPDATE launch.runs SET place = 'ended'",
      "DELETE FROM launch.runs",
      "INSERT INTO launch.paused_queues (queue) VALUES ('gpu')",
      "SELECT launch.move_run('n', 'digits-3', 'v', ARRAY['waiting'], 'ended', '{}', '{}', NULL, NULL)",
      "SELECT launch.lease_run('n', 'digits-3', 'v', '{}')",
      "SELECT launch.put_back('n', 'digits-3', 'v', ARRAY['leased'], '{}', '{}', NULL, NULL)",
    ]) {
      await expect(sql(loginUrl("ann"), statement)).rejects.toThrow(/permission denied/);
    }
  });

  it("keeps a run that no queue holds for the login that made it", async () => {
    const ann = await openAs("ann");
    const bob = await openAs("bob");
    const made = await ann.create(runDocument("desk-1"), signal);
    if (made.kind !== "written") throw new Error(made.kind);
    await expect(bob.update(runDocument("desk-1", succeeded), made.version, signal)).rejects.toMatchObject(refused);
    expect((await ann.update(runDocument("desk-1", succeeded), made.version, signal)).kind).toBe("written");
  });

  it("lets an agent claim, report and finish, and neither submit nor rule", async () => {
    const store = await openAs("runner");
    const entry = (await store.snapshot(["gpu"], signal)).entries.find(({ place }) => place === "waiting")!;
    const claim = await store.claim({ entry, lease: leaseOf("runner") }, signal);
    if (claim.kind !== "won") throw new Error(claim.kind);
    const running = { ...claim.document, run: { ...claim.document.run, state: "running" as const } };
    const progress = await store.progress(claim.entry, running, signal);
    if (progress.kind !== "written") throw new Error(progress.kind);
    const end = await store.finish(progress.entry, { document: endedRun(running) }, signal);
    expect(end.finish.kind).toBe("written");
    expect(await store.fold("gpu", 0, signal)).toBe(2);

    await expect(store.enqueue([queuedDocument("digits-4")], signal)).rejects.toMatchObject(refused);
    await expect(store.create(runDocument("desk-2"), signal)).rejects.toMatchObject(refused);
    await expect(store.pause("gpu", true, signal)).rejects.toMatchObject(refused);
    const change = { name: "gpu", text: "resource: local-process", expected: undefined, by: "runner" };
    await expect(store.definitions!.write(change, signal)).rejects.toMatchObject(refused);
  });

  it("lets an admin rule, and keeps who changed a definition, and when", async () => {
    const store = await openAs("boss");
    await store.pause("gpu", true, signal);
    await store.pause("gpu", false, signal);
    const definitions = store.definitions!;
    const change = { name: "gpu", text: "resource: local-process", expected: undefined, by: "the boss" };
    expect((await definitions.write(change, signal)).kind).toBe("written");
    expect(await definitions.write({ ...change, text: "order: fifo" }, signal)).toEqual({ kind: "conflict" });
    const stored = await definitions.read("gpu", signal);
    expect(stored?.text).toBe("resource: local-process");
    expect((await definitions.write({ ...change, text: undefined, expected: stored!.version }, signal)).kind).toBe(
      "written",
    );
    expect(await definitions.list(signal)).toEqual([]);
    const changes = await sql(
      loginUrl("boss"),
      "SELECT definition, changed_by, changed_by_role, changed_at > now() - interval '1 hour' AS lately FROM launch.definition_changes ORDER BY id",
    );
    const who = { changed_by: "the boss", changed_by_role: "boss", lately: true };
    expect(changes).toEqual([
      { definition: "resource: local-process", ...who },
      { definition: null, ...who },
    ]);
    const run = await store.read("digits-1", signal);
    expect(await store.remove([{ runId: "digits-1", version: run!.version }], signal)).toEqual(["digits-1"]);
  });
});
