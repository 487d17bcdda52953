import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../src/core/state-directory.ts";
import { openStore } from "../../src/stores/index.ts";
import { fileStoreLocation, parseStoreUrl } from "../../src/stores/location.ts";
import type { Store, WriteResult } from "../../src/stores/store.ts";
import { startGitServer } from "../support/git/git-server.ts";
import { postgresEngine } from "../support/postgres/postgres-engine.ts";
import { postgresPrograms } from "../support/postgres/postgres.ts";
import { runDocument, succeeded } from "../support/stores/run-document.ts";

/** A place for a store: `open` opens it as another machine would, `end` removes what is not a file. */
type Place = { open(machine: string): Promise<Store>; end(): Promise<void> };

const token = "t0ken-of-the-job";

const places: Readonly<Record<string, (folder: string) => Promise<Place>>> = {
  "a bare repository": (folder) =>
    Promise.resolve({
      open: (machine) =>
        openStore(fileStoreLocation(join(folder, "state home", "store.git")), {
          log: silentLog,
          stateDirectory: stateDirectoryAt(join(folder, machine)),
        }),
      end: () => Promise.resolve(),
    }),
  "a repository over http": async (folder) => {
    execFileSync("git", ["init", "--quiet", "--bare", join(folder, "served", "train.git")]);
    const server = await startGitServer({
      root: join(folder, "served"),
      auth: { basic: [`x-access-token:${token}`] },
    });
    return {
      open: (machine) =>
        openStore(parseStoreUrl(`git+${server.url}/train.git`), {
          log: silentLog,
          stateDirectory: stateDirectoryAt(join(folder, machine)),
          token,
        }),
      end: () => server.stop(),
    };
  },
  ...(postgresPrograms() === undefined && process.env["LAUNCH_E2E"] !== "1"
    ? {}
    : { "a Postgres database": postgresEngine }),
};

function versionOf(result: WriteResult): string {
  if (result.kind !== "written") throw new Error(`not written: ${JSON.stringify(result)}`);
  return result.version;
}

describe.each(Object.entries(places))("a store in %s", (_name, makePlace) => {
  let folder: string;
  let place: Place;
  let store: Store;
  let other: Store;
  let signal: AbortSignal;

  beforeEach(async () => {
    signal = AbortSignal.timeout(25_000);
    folder = await mkdtemp(join(tmpdir(), "launch store "));
    place = await makePlace(folder);
    store = await place.open("here");
    other = await place.open("there");
  });
  afterEach(async () => {
    await place.end();
    await rm(folder, { recursive: true, force: true });
  });

  it("has no runs before the first is written", async () => {
    expect(await store.list(10, signal)).toEqual([]);
    expect(await store.read("digits-1", signal)).toBeUndefined();
    expect(await store.remove([{ runId: "digits-1", version: "1".repeat(40) }], signal)).toEqual(["digits-1"]);
  });

  it("gives back what was written, to another machine too", async () => {
    const patch = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 256);
    const document = runDocument("digits-1", {}, { patch, tail: "  é\n! oh\n", record: { args: ["--lr", 0.1, null] } });
    const version = versionOf(await store.create(document, signal));

    for (const reader of [store, other]) {
      const read = await reader.read("digits-1", signal);
      expect(read).toEqual({ ...document, patch: Buffer.from(patch), version });
    }
  });

  it("refuses a second run of the same id, with the same content too, and says which version is there", async () => {
    const version = versionOf(await store.create(runDocument("digits-1"), signal));
    for (const writer of [store, other]) {
      const second = await writer.create(runDocument("digits-1"), signal);
      expect(second).toEqual({ kind: "conflict", current: version });
    }
  });

  it("gives equal content under two ids two versions", async () => {
    const document = runDocument("digits-1");
    const first = versionOf(await store.create(document, signal));
    await store.remove([{ runId: "digits-1", version: first }], signal);
    expect(versionOf(await store.create(document, signal))).not.toBe(first);
  });

  it("keeps the parts that an update leaves out, whoever updates", async () => {
    const first = versionOf(
      await store.create(runDocument("digits-1", {}, { patch: Buffer.from("patch"), tail: "  one\n" }), signal),
    );
    const second = versionOf(await store.update(runDocument("digits-1", {}, { tail: "  two\n" }), first, signal));
    versionOf(await other.update(runDocument("digits-1", succeeded), second, signal));

    const read = await store.read("digits-1", signal);
    expect(read?.run).toMatchObject({ state: "succeeded", exit_code: 0, metrics: { accuracy: 0.956 } });
    expect(read?.patch?.toString()).toBe("patch");
    expect(read?.tail).toBe("  two\n");
  });

  it("refuses an update of a version that is no longer there", async () => {
    const first = versionOf(await store.create(runDocument("digits-1"), signal));
    const second = versionOf(await other.update(runDocument("digits-1", { attempt: 2 }), first, signal));

    const conflict = { kind: "conflict", current: second };
    expect(await store.update(runDocument("digits-1", succeeded), first, signal)).toEqual(conflict);
    expect(await other.update(runDocument("digits-1", succeeded), first, signal)).toEqual(conflict);
    expect((await store.read("digits-1", signal))?.run.attempt).toBe(2);
  });

  it("refuses an update of a run that is not there", async () => {
    const result = await store.update(runDocument("digits-1"), "1".repeat(40), signal);
    expect(result).toEqual({ kind: "conflict", current: undefined });
  });

  it("lets one of eight writers win, and tells the others so", async () => {
    const first = versionOf(await store.create(runDocument("digits-1"), signal));
    const writers = await Promise.all(Array.from({ length: 8 }, (_, index) => place.open(`machine-${index}`)));
    const results = await Promise.all(
      writers.map((writer, index) => writer.update(runDocument("digits-1", { attempt: index + 2 }), first, signal)),
    );

    const winner = results.findIndex((result) => result.kind === "written");
    const read = await store.read("digits-1", signal);
    expect(read?.run.attempt).toBe(winner + 2);
    const conflicts = results.filter((result) => result.kind === "conflict");
    expect(conflicts).toEqual(Array.from({ length: 7 }, () => ({ kind: "conflict", current: read?.version })));
  });

  it("lets eight writers create a run each at the same time, the store itself included", async () => {
    const writers = await Promise.all(Array.from({ length: 8 }, (_, index) => place.open(`machine-${index}`)));
    const results = await Promise.all(
      writers.map((writer, index) => writer.create(runDocument(`digits-${index}`), signal)),
    );
    expect(results.map(({ kind }) => kind)).toEqual(Array.from({ length: 8 }, () => "written"));
    expect(await store.list(100, signal)).toHaveLength(8);
    expect(await store.list(Number.POSITIVE_INFINITY, signal)).toHaveLength(8);
  });

  it("lists the newest first, up to a limit", async () => {
    for (const [runId, hour] of [
      ["b", "09"],
      ["c", "11"],
      ["a", "10"],
    ] as const) {
      await store.create(runDocument(runId, { created_at: `2026-11-23T${hour}:00:00.000Z` }), signal);
    }
    const listed = await other.list(2, signal);
    expect(listed.map((item) => (item.kind === "run" ? item.run.run_id : item.why))).toEqual(["c", "a"]);
  });

  it("removes what has not changed since, and nothing else", async () => {
    const versions = new Map<string, string>();
    for (const runId of ["one", "two", "three"]) {
      versions.set(runId, versionOf(await store.create(runDocument(runId, succeeded), signal)));
    }
    versionOf(await other.update(runDocument("two", { attempt: 2 }), versions.get("two")!, signal));

    const gone = await store.remove(
      [...versions].map(([runId, version]) => ({ runId, version })),
      signal,
    );
    expect(gone).toEqual(["one", "three"]);
    expect(await other.read("one", signal)).toBeUndefined();
    expect((await other.read("two", signal))?.run.attempt).toBe(2);
    await store.compact(signal);
    expect(await store.list(10, signal)).toHaveLength(1);
  });

  it("stops when it is cancelled", async () => {
    await expect(store.create(runDocument("digits-1"), AbortSignal.abort(new Error("stop")))).rejects.toThrow();
    expect(await store.list(10, signal)).toEqual([]);
  });
});
