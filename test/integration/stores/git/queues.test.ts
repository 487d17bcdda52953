import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../../src/core/state-directory.ts";
import { formatKey } from "../../../../src/queues/key.ts";
import { openStore } from "../../../../src/stores/index.ts";
import { fileStoreLocation, parseStoreUrl } from "../../../../src/stores/location.ts";
import type { Claim, EnqueueResult, LeaseWrite, QueueEntry, QueueStore } from "../../../../src/stores/queue-store.ts";
import { failureOf } from "../../../support/failure.ts";
import {
  type GitServer,
  type GitServerRequest,
  type Interception,
  startGitServer,
} from "../../../support/git/git-server.ts";
import { traceGit } from "../../../support/git/git-trace.ts";
import { queuedDocument, succeeded } from "../../../support/stores/run-document.ts";

const gpu = ["gpu"];
const lease = { agent: "box-1", incarnation: "1", attempt: 1, since: "2026-11-23T10:01:00.000Z" };
const refsOf = "refs/launch/v1/q/gpu";

function isPush({ method, url }: GitServerRequest): boolean {
  return method === "POST" && url.endsWith("/git-receive-pack");
}

function entryOf(result: EnqueueResult | Claim | LeaseWrite | undefined): QueueEntry {
  if (result !== undefined && "entry" in result) return result.entry;
  throw new Error(JSON.stringify(result));
}

describe("queues in git refs", () => {
  let folder: string;
  let directory: string;
  let server: GitServer;
  let intercept: (request: GitServerRequest) => Interception | undefined;
  let bare: QueueStore;
  let remote: QueueStore;
  let signal: AbortSignal;

  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["--git-dir", directory, ...args], {
      encoding: "utf8",
      stdio: ["pipe", "pipe", "ignore"],
    }).trim();
  const places = (): readonly string[] => git("for-each-ref", "--format=%(refname:lstrip=5)", refsOf).split("\n");
  const openBare = (): Promise<QueueStore> =>
    openStore(fileStoreLocation(directory), {
      log: silentLog,
      stateDirectory: stateDirectoryAt(join(folder, "bare")),
    });
  const openRemote = (machine: string): Promise<QueueStore> =>
    openStore(parseStoreUrl(`git+${server.url}/train.git`), {
      log: silentLog,
      stateDirectory: stateDirectoryAt(join(folder, machine)),
    });
  const enqueue = async (store: QueueStore, ...runIds: readonly string[]): Promise<readonly QueueEntry[]> =>
    (
      await store.enqueue(
        runIds.map((runId) => queuedDocument(runId)),
        signal,
      )
    ).map(entryOf);
  const entries = async (store: QueueStore): Promise<readonly QueueEntry[]> =>
    (await store.snapshot(gpu, signal)).entries;

  beforeEach(async () => {
    signal = AbortSignal.timeout(100_000);
    folder = await mkdtemp(join(tmpdir(), "git queues "));
    directory = join(folder, "served", "train.git");
    execFileSync("git", ["init", "--quiet", "--bare", directory]);
    intercept = () => undefined;
    server = await startGitServer({ root: join(folder, "served"), intercept: (request) => intercept(request) });
    bare = await openBare();
    remote = await openRemote("remote");
  });
  afterEach(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("are shown though somebody has made refs of other names there", async () => {
    const [entry] = await enqueue(bare, "run-a");
    const key = entry?.key ?? "";
    const foreign = [`refs/launch/v1/q/GPU/p/${key}`, "refs/launch/v1/q/Big_one/c/paused", "refs/launch/v1/a/Box 1/x"];
    for (const name of foreign) git("update-ref", name.replace(" ", "_"), entry?.version ?? "");
    for (const store of [bare, remote]) {
      const { entries: found, unreadable, agents, paused } = await store.snapshot("all", signal);
      expect(found.map(({ run }) => run.run_id)).toEqual(["run-a"]);
      expect(unreadable.map(({ queue }) => queue).sort()).toEqual(["Big_one", "GPU"]);
      expect({ agents, paused }).toEqual({ agents: [], paused: [] });
      expect((await store.list(10, signal)).map((run) => run.kind)).toEqual(["run"]);
      expect((await store.read("run-a", signal))?.run.run_id).toBe("run-a");
    }
  });

  it("are what git itself would have written, with one commit for each event", async () => {
    const [waiting] = await enqueue(remote, "digits-1");
    const claimed = await bare.claim({ entry: waiting!, lease }, signal);
    if (claimed.kind !== "won") throw new Error(claimed.kind);
    const ended = { ...claimed.document, run: { ...claimed.document.run, ...succeeded } };
    const { finish } = await remote.finish(claimed.entry, { document: ended }, signal);
    expect(places()).toEqual([`d/${waiting!.key}`]);
    expect(git("log", "--format=%s", entryOf(finish).version).split("\n")).toEqual([
      "digits-1: succeeded",
      "digits-1: leased",
      "digits-1: queued",
    ]);
    await remote.fold("gpu", 0, signal);
    expect(git("fsck", "--strict", "--no-dangling")).toBe("");
    const files = git("ls-tree", "-r", "--name-only", "refs/launch/v1/log/gpu").split("\n");
    expect(files).toEqual([`2026/11/23/${waiting!.key}/record.json`, `2026/11/23/${waiting!.key}/run.json`]);
    expect(places()).toEqual(["c/folded"]);
  });

  it("are written by one push for a claim, for an end with the next, and for 25 new runs", async () => {
    // A store's first push brings its id along.
    await enqueue(remote, "founding");
    const before = server.requests.filter(isPush).length;
    const pushes = (): number => server.requests.filter(isPush).length - before;
    const first = await enqueue(remote, ...Array.from({ length: 25 }, (_, index) => `run-${index}`));
    expect(pushes()).toBe(1);
    const claimed = await remote.claim({ entry: first[0]!, lease }, signal);
    if (claimed.kind !== "won") throw new Error(claimed.kind);
    expect(pushes()).toBe(2);
    const ended = { ...claimed.document, run: { ...claimed.document.run, ...succeeded } };
    const { finish, next } = await remote.finish(
      claimed.entry,
      { document: ended, next: { entry: first[1]!, lease } },
      signal,
    );
    expect([finish.kind, next?.kind, pushes()]).toEqual(["written", "won", 3]);
    await enqueue(remote, ...Array.from({ length: 60 }, (_, index) => `more-${index}`));
    expect(pushes()).toBe(6);
  });

  it("are looked at, when nothing has changed, by one request and no process", async () => {
    await enqueue(bare, "one", "two");
    await entries(remote);
    const before = server.requests.length;
    const trace = await traceGit(async () => expect(await entries(remote)).toHaveLength(2));
    expect(trace.text).not.toContain("fetch");
    expect(server.requests.slice(before).map(({ method, url }) => `${method} ${url}`)).toEqual([
      "POST /train.git/git-upload-pack",
    ]);
  });

  it("fetch what is new of 40 runs in one fetch", async () => {
    const all = await enqueue(bare, ...Array.from({ length: 40 }, (_, index) => `run-${index}`));
    await entries(remote);
    for (const entry of all.slice(0, 3)) entryOf(await bare.claim({ entry, lease }, signal));
    const trace = await traceGit(() => entries(remote));
    expect(trace.text.match(/"argv":\["git".*?"fetch","--quiet"/g)).toHaveLength(1);
  });

  it("count a run that a killed server left in two places once, in the later one, and remove the other ref", async () => {
    const [waiting] = await enqueue(bare, "digits-1");
    const claimed = await bare.claim({ entry: waiting!, lease }, signal);
    const leased = entryOf(claimed);
    git("update-ref", `${refsOf}/p/${waiting!.key}`, waiting!.version);
    expect((await entries(remote)).map(({ place, version }) => [place, version])).toEqual([["leased", leased.version]]);
    expect(places()).toEqual([`l/${waiting!.key}`]);

    git("update-ref", `${refsOf}/d/${waiting!.key}`, leased.version);
    expect((await entries(bare)).map(({ place }) => place)).toEqual(["ended"]);
    expect(places()).toEqual([`d/${waiting!.key}`]);
  });

  it("count a run that a killed server left under two keys as what came later", async () => {
    const [waiting] = await enqueue(bare, "digits-1");
    const document = (await bare.load(waiting!, signal))!;
    const urgent = { ...document, run: { ...document.run, queued: { ...document.run.queued!, priority: 0 as const } } };
    const moved = entryOf(await bare.move(waiting!, urgent, signal));
    git("update-ref", `${refsOf}/p/${waiting!.key}`, waiting!.version);
    expect((await entries(remote)).map(({ key }) => key)).toEqual([moved.key]);
    expect(places()).toEqual([`p/${moved.key}`]);
  });

  it("end the half of a move that a killed server has left undone", async () => {
    const [waiting] = await enqueue(remote, "digits-1");
    const other = await openRemote("other");
    const seen = await entries(other);
    // The server makes the new ref, and dies before it removes the old one and before it answers.
    let state: "alive" | "killed" | "back" = "alive";
    intercept = (request) => {
      if (isPush(request) && state === "alive") {
        state = "killed";
        return { kind: "drop-answer" };
      }
      if (request.url.endsWith("/git-upload-pack") && state === "killed") {
        state = "back";
        git("update-ref", `${refsOf}/p/${waiting!.key}`, waiting!.version);
      }
      return undefined;
    };
    expect((await other.claim({ entry: seen[0]!, lease }, signal)).kind).toBe("won");
    expect(state).toBe("back");
    expect(places()).toEqual([`l/${waiting!.key}`]);
  });

  it("know a run as enqueued that an agent took before its lost answer was looked for", async () => {
    let taken: Promise<unknown> | undefined;
    intercept = (request) => {
      if (isPush(request) && taken === undefined) {
        taken = Promise.resolve();
        return { kind: "drop-answer" };
      }
      if (taken !== undefined && request.url.endsWith("/git-upload-pack")) {
        const [id, ref = ""] = git("for-each-ref", "--format=%(objectname) %(refname)", `${refsOf}/p`).split(" ");
        if (ref !== "") {
          git("update-ref", ref.replace("/p/", "/l/"), id!);
          git("update-ref", "-d", ref);
        }
      }
      return undefined;
    };
    const [result] = await remote.enqueue([queuedDocument("digits-1")], signal);
    expect(result?.kind).toBe("enqueued");
    expect(places().map((place) => place[0])).toEqual(["l"]);
  });

  it("leave foreign refs alone, and show them", async () => {
    const [waiting] = await enqueue(bare, "digits-1");
    for (const name of ["p/notes", `z/${waiting!.key}`, "l/deeper/still", "c/other"]) {
      git("update-ref", `${refsOf}/${name}`, waiting!.version);
    }
    for (const store of [bare, remote]) {
      const { entries: read, unreadable } = await store.snapshot("all", signal);
      expect(read).toHaveLength(1);
      expect(unreadable.map(({ key }) => key)).toEqual(["c/other", "l/deeper/still", "p/notes", `z/${waiting!.key}`]);
    }
    expect(await bare.fold("gpu", 0, signal)).toBe(0);
    expect(places()).toHaveLength(5);
  });

  it("show the others when one run's objects are damaged on the server", async () => {
    const all = await enqueue(bare, ...Array.from({ length: 9 }, (_, index) => `run-${index}`));
    const blob = git("rev-parse", `${all[4]!.version}:run.json`);
    const file = join(directory, "objects", blob.slice(0, 2), blob.slice(2));
    await chmod(file, 0o600);
    await writeFile(file, "damaged");
    for (const store of [await openBare(), remote]) {
      const { entries: read, unreadable } = await store.snapshot(gpu, signal);
      expect(read).toHaveLength(8);
      expect(unreadable).toMatchObject([{ key: all[4]!.key, why: expect.stringContaining("damaged") as string }]);
    }
  });

  it("take no more than a thousand waiting runs, and say what is made for more", async () => {
    const [waiting] = await enqueue(bare, "digits-1");
    const names = Array.from({ length: 998 }, (_, index) =>
      formatKey({ priority: 2, time: index, runId: `run-${index}` }),
    );
    const input = names.map((name) => `create ${refsOf}/p/${name} ${waiting!.version}\n`).join("");
    execFileSync("git", ["--git-dir", directory, "update-ref", "--stdin"], { input });
    const failure = await failureOf(bare.enqueue([queuedDocument("one"), queuedDocument("two")], signal));
    expect(failure.code).toBe("refused");
    expect(failure.message).toContain("Postgres");
    expect(failure.message).toContain("launch store migrate");
    expect((await bare.enqueue([queuedDocument("one")], signal)).map(({ kind }) => kind)).toEqual(["enqueued"]);
  });

  it.each(["../gpu", "GPU", "a/b", "*", "", "-gpu", "gpu.lock"])("refuse %j as a name", async (queue) => {
    await expect(bare.enqueue([queuedDocument("one", { queue })], signal)).rejects.toMatchObject({ code: "bad-usage" });
    await expect(bare.snapshot([queue], signal)).rejects.toMatchObject({ code: "bad-usage" });
    await expect(bare.pause(queue, true, signal)).rejects.toMatchObject({ code: "bad-usage" });
  });

  it("wake who waits on this machine in well under a second, also for the very first run", async () => {
    expect(await entries(bare)).toEqual([]);
    const waiting = bare.wait(gpu, 60_000, signal);
    await enqueue(remote, "one");
    await waiting;
    const [entry] = await entries(bare);
    git("pack-refs", "--all");
    await entries(bare);
    const again = bare.wait(gpu, 60_000, signal);
    entryOf(await remote.claim({ entry: entry!, lease }, signal));
    await again;
    expect((await entries(bare)).map(({ place }) => place)).toEqual(["leased"]);
  });

  it("are read at most twenty times a minute by who waits", async () => {
    await entries(remote);
    await enqueue(bare, "one");
    await entries(remote);
    const before = server.requests.length;
    await remote.wait(gpu, 7_000, signal);
    expect(server.requests.length - before).toBeLessThanOrEqual(2);
  });
});
