import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../../src/core/state-directory.ts";
import { openStore } from "../../../../src/stores/index.ts";
import { fileStoreLocation } from "../../../../src/stores/location.ts";
import type { Store, WriteResult } from "../../../../src/stores/store.ts";
import { failureOf } from "../../../support/failure.ts";
import { traceGit } from "../../../support/git/git-trace.ts";
import { runDocument, succeeded } from "../../../support/stores/run-document.ts";

const hours = 3_600_000;

describe("a store in a bare repository", () => {
  let folder: string;
  let path: string;
  let store: Store;
  let signal: AbortSignal;

  const open = (where: string): Promise<Store> =>
    openStore(fileStoreLocation(where), { log: silentLog, stateDirectory: stateDirectoryAt(folder) });
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["--git-dir", path, ...args], { encoding: "utf8", stdio: ["pipe", "pipe", "ignore"] }).trim();
  const looseFile = (id: string): string => join(path, "objects", id.slice(0, 2), id.slice(2));

  /** Writes a run's ref with git alone, with this text as its run.json. */
  const writeByHand = (runId: string, head: string): void => {
    const blob = execFileSync("git", ["--git-dir", path, "hash-object", "-w", "--stdin"], { input: head });
    const input = `100644 blob ${blob.toString().trim()}\trun.json\n`;
    const tree = execFileSync("git", ["--git-dir", path, "mktree"], { input }).toString().trim();
    const identity = ["-c", "user.name=someone", "-c", "user.email=someone@example.com"];
    const commit = git(...identity, "commit-tree", "-m", "by hand", tree);
    git("update-ref", `refs/launch/v1/r/${runId}`, commit);
  };

  const versionOf = (result: WriteResult): string => {
    if (result.kind !== "written") throw new Error(`not written: ${JSON.stringify(result)}`);
    return result.version;
  };
  const damage = async (id: string): Promise<void> => {
    await chmod(looseFile(id), 0o600);
    await writeFile(looseFile(id), "damaged");
  };

  beforeEach(async () => {
    signal = AbortSignal.timeout(25_000);
    folder = await mkdtemp(join(tmpdir(), "bare store "));
    path = join(folder, "store.git");
    store = await open(path);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("is what git itself would have written: clean, with one commit for each event", async () => {
    const first = versionOf(await store.create(runDocument("digits-1", {}, { tail: "  one\n" }), signal));
    const second = versionOf(await store.update(runDocument("digits-1", succeeded), first, signal));

    expect(git("fsck", "--strict", "--no-dangling")).toBe("");
    expect(git("rev-list", "refs/launch/v1/r/digits-1").split("\n")).toEqual([second, first]);
    expect(git("log", "-1", "--format=%an <%ae> %s", second)).toBe("launch <launch@localhost> digits-1: succeeded");
    expect(git("ls-tree", "--name-only", second).split("\n")).toEqual(["record.json", "run.json", "tail.txt"]);
    expect(JSON.parse(git("show", `${second}:run.json`))).toMatchObject({ run_id: "digits-1", state: "succeeded" });
  });

  it("makes nothing for a reader", async () => {
    await store.list(10, signal);
    await store.read("digits-1", signal);
    expect(existsSync(path)).toBe(false);
  });

  it("lists 200 runs in at most four processes, and writes one in two", async () => {
    for (let index = 0; index < 200; index++) await store.create(runDocument(`run-${index}`), signal);
    const reader = await open(path);
    const listing = await traceGit(async () => expect(await reader.list(1_000, signal)).toHaveLength(200));
    expect(listing.processes).toBeLessThanOrEqual(4);
    const writing = await traceGit(() => store.create(runDocument("one-more"), signal));
    expect(writing.processes).toBe(2);
  });

  it("lists a run of a newer schema by its id, and leaves it alone", async () => {
    await store.create(runDocument("digits-1"), signal);
    writeByHand("future-1", '{"schema_version": 2, "run_id": "future-1", "state": "paused"}');
    const future = git("rev-parse", "refs/launch/v1/r/future-1");

    const listed = await store.list(10, signal);
    expect(listed.map(({ kind }) => kind)).toEqual(["run", "unreadable"]);
    expect(listed[1]).toMatchObject({ runId: "future-1", version: future });
    expect(listed[1]).toHaveProperty("why", expect.stringContaining("newer launch"));
    await expect(store.read("future-1", signal)).rejects.toMatchObject({ code: "unsupported" });
    expect(git("rev-parse", "refs/launch/v1/r/future-1")).toBe(future);
  });

  it.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["no head", '{"schema_version": 1}'],
    ["another run's", JSON.stringify(runDocument("digits-2").run)],
  ])("lists a run whose head is %s as unreadable", async (_what, head) => {
    await store.create(runDocument("digits-1"), signal);
    writeByHand("odd-1", head);
    expect((await store.list(10, signal)).map(({ kind }) => kind)).toEqual(["run", "unreadable"]);
  });

  it.each(["commit", "tree", "head"])("lists the others when a run's %s is damaged or gone", async (part) => {
    for (const [index, runId] of ["a", "b", "c", "d"].entries()) {
      await store.create(runDocument(runId, { created_at: `2026-11-23T0${index}:00:00.000Z` }), signal);
    }
    const revision = { commit: "", tree: "^{tree}", head: ":run.json" }[part] ?? "";
    await damage(git("rev-parse", `refs/launch/v1/r/b${revision}`));
    await rm(looseFile(git("rev-parse", `refs/launch/v1/r/c${revision}`)), { force: true });

    const listed = await store.list(10, signal);
    expect(listed.map((item) => (item.kind === "run" ? item.run.run_id : `(${item.runId})`))).toEqual([
      "d",
      "a",
      "(b)",
      "(c)",
    ]);
    await expect(store.read("b", signal)).rejects.toMatchObject({ code: "store-failed" });
    expect((await store.read("d", signal))?.run.run_id).toBe("d");
  });

  it("takes no notice of refs that no launch made", async () => {
    await store.create(runDocument("digits-1"), signal);
    const id = git("rev-parse", "refs/launch/v1/r/digits-1");
    for (const name of ["r/nested/run", "r/Upper", "q/gpu/p/1"]) git("update-ref", `refs/launch/v1/${name}`, id);
    expect(await store.list(10, signal)).toHaveLength(1);
  });

  it("stays readable and writable when its writers are killed at any moment", async () => {
    const script = `
      import { openStore } from ${JSON.stringify(join(process.cwd(), "src/stores/index.ts"))};
      import { fileStoreLocation } from ${JSON.stringify(join(process.cwd(), "src/stores/location.ts"))};
      import { runDocument } from ${JSON.stringify(join(process.cwd(), "test/support/stores/run-document.ts"))};
      const store = await openStore(fileStoreLocation(process.argv[1]), { log: {}, stateDirectory: {} });
      const signal = AbortSignal.timeout(20_000);
      console.log("ready");
      for (let index = 0; ; index++) {
        const { version } = await store.create(runDocument(process.argv[2] + index), signal);
        await store.update(runDocument(process.argv[2] + index, { state: "failed" }), version, signal);
      }`;
    for (let trial = 0; trial < 6; trial++) {
      const args = ["--input-type=module", "--eval", script, path, `t${trial}-`];
      const writer = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
      await once(writer.stdout, "data");
      await new Promise((resolve) => setTimeout(resolve, 20 + 37 * trial));
      writer.kill("SIGKILL");
      await once(writer, "close");
    }
    const listed = await store.list(10_000, signal);
    expect(listed.filter(({ kind }) => kind !== "run")).toEqual([]);
    expect(versionOf(await store.create(runDocument("after"), signal))).toMatch(/^[0-9a-f]{40}$/);
    expect(git("fsck", "--strict", "--no-dangling")).toBe("");
  });

  it("frees a run from the lock of a writer that was killed long ago", async () => {
    const version = versionOf(await store.create(runDocument("digits-1"), signal));
    const lock = join(path, "refs/launch/v1/r/digits-1.lock");
    await writeFile(lock, "");
    const old = new Date(Date.now() - hours);
    await utimes(lock, old, old);
    versionOf(await store.update(runDocument("digits-1", succeeded), version, signal));
    expect(existsSync(lock)).toBe(false);
  });

  it("drops what nothing refers to, unless it is young enough to belong to a write under way", async () => {
    const gone = versionOf(await store.create(runDocument("gone"), signal));
    await store.create(runDocument("kept"), signal);
    const agedObjects = readdirSync(join(path, "objects"), { recursive: true, withFileTypes: true });
    const old = new Date(Date.now() - 2 * hours);
    for (const file of agedObjects) if (file.isFile()) await utimes(join(file.parentPath, file.name), old, old);
    const young = versionOf(await store.create(runDocument("young"), signal));
    for (const [runId, version] of [
      ["gone", gone],
      ["young", young],
    ] as const) {
      await store.remove([{ runId, version }], signal);
    }
    await store.compact(signal);

    expect(() => git("cat-file", "-e", gone)).toThrow();
    git("cat-file", "-e", young);
    expect((await store.read("kept", signal))?.run.run_id).toBe("kept");
  });

  it("can be a project's repository, of which it touches its own refs only", async () => {
    const project = join(folder, "project");
    execFileSync("git", ["init", "--quiet", "--object-format=sha256", project]);
    path = join(project, ".git");
    const config = await readFile(join(path, "config"), "utf8");
    store = await open(project);
    const version = versionOf(await store.create(runDocument("digits-1"), signal));
    versionOf(await store.update(runDocument("digits-1", succeeded), version, signal));
    await store.compact(signal);

    expect(version).toHaveLength(64);
    expect(git("for-each-ref", "--format=%(refname)")).toBe("refs/launch/v1/r/digits-1");
    expect(git("fsck", "--strict", "--no-dangling")).toBe("");
    expect(await readFile(join(path, "config"), "utf8")).toBe(config);
    expect(git("count-objects")).not.toMatch(/^0 /);
  });

  it("says what is wrong when its place can't be used", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    for (const place of [file, join(file, "store.git"), join(file, "deeper", "store.git")]) {
      const failure = await failureOf((await open(place)).create(runDocument("digits-1"), signal));
      expect(failure.code).toBe("store-failed");
      expect(failure.message).toContain(place);
    }
    const other = join(folder, "other");
    await mkdir(other);
    await writeFile(join(other, "notes.txt"), "");
    await expect((await open(other)).list(10, signal)).rejects.toThrow("not a git repository");
    expect(readdirSync(folder).sort()).toEqual(["file", "other"]);
  });

  it.skipIf(process.getuid?.() === 0)("says so when it may not be written", async () => {
    await store.create(runDocument("digits-1"), signal);
    await chmod(join(path, "objects"), 0o500);
    await expect(store.create(runDocument("digits-2"), signal)).rejects.toMatchObject({ code: "store-failed" });
    await chmod(join(path, "objects"), 0o700);
  });
});
