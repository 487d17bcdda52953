import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { silentLog } from "../../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../../src/core/state-directory.ts";
import { openStore } from "../../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../../src/stores/location.ts";
import type { Store, WriteResult } from "../../../../src/stores/store.ts";
import { failureOf } from "../../../support/failure.ts";
import {
  type GitServer,
  type GitServerRequest,
  type Interception,
  startGitServer,
} from "../../../support/git/git-server.ts";
import { traceGit } from "../../../support/git/git-trace.ts";
import { runDocument, succeeded } from "../../../support/stores/run-document.ts";

const token = "t0ken-of-the-job";

function isPush({ method, url }: GitServerRequest): boolean {
  return method === "POST" && url.endsWith("/git-receive-pack");
}

describe("a store in a repository over http", () => {
  let folder: string;
  let served: string;
  let server: GitServer;
  let signal: AbortSignal;
  let intercept: (request: GitServerRequest) => Interception | undefined;

  const open = (machine = "here", withToken = token): Promise<Store> =>
    openStore(parseStoreUrl(`git+${server.url}/train.git`), {
      log: silentLog,
      stateDirectory: stateDirectoryAt(join(folder, machine)),
      token: withToken,
    });
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["--git-dir", served, ...args], { encoding: "utf8" }).trim();
  const versionOf = (result: WriteResult): string => {
    if (result.kind !== "written") throw new Error(`not written: ${JSON.stringify(result)}`);
    return result.version;
  };
  /** The interception happens for the first `times` requests that match. */
  const interceptPushes = (interception: Interception, times = 1): void => {
    let left = times;
    intercept = (request) => (isPush(request) && left-- > 0 ? interception : undefined);
  };

  beforeEach(async () => {
    signal = AbortSignal.timeout(25_000);
    folder = await mkdtemp(join(tmpdir(), "remote store "));
    served = join(folder, "served", "train.git");
    execFileSync("git", ["init", "--quiet", "--bare", served]);
    intercept = () => undefined;
    server = await startGitServer({
      root: join(folder, "served"),
      auth: { basic: [`x-access-token:${token}`] },
      intercept: (request) => intercept(request),
    });
  });
  afterEach(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(["https", "ssh"])("is reached by %s where the user has it led to a mirror", async (transport) => {
    const url = `${transport}://git.example/team/`;
    const config = [
      ["GIT_CONFIG_COUNT", "1"],
      ["GIT_CONFIG_KEY_0", `url.file://${join(folder, "served")}/.insteadOf`],
    ];
    for (const [name, value] of [...config, ["GIT_CONFIG_VALUE_0", url]] as [string, string][]) {
      process.env[name] = value;
      onTestFinished(() => {
        Reflect.deleteProperty(process.env, name);
      });
    }
    const stateDirectory = stateDirectoryAt(join(folder, "here"));
    const store = await openStore(parseStoreUrl(`git+${url}train.git`), { log: silentLog, stateDirectory });
    expect(await store.create(runDocument("run-a"), signal)).toMatchObject({ kind: "written" });
    expect(await store.list(10, signal)).toMatchObject([{ run: { run_id: "run-a" } }]);
    expect(git("for-each-ref", "--format=%(refname)")).toBe("refs/launch/v1/r/run-a");
    await store.close();
  });

  it("knows that a write was done whose answer was lost", async () => {
    const store = await open();
    interceptPushes({ kind: "drop-answer" });
    const first = versionOf(await store.create(runDocument("digits-1"), signal));
    expect(git("rev-parse", "refs/launch/v1/r/digits-1")).toBe(first);

    interceptPushes({ kind: "drop-answer" });
    const second = versionOf(await store.update(runDocument("digits-1", succeeded), first, signal));
    expect(git("rev-list", "refs/launch/v1/r/digits-1").split("\n")).toEqual([second, first]);
  });

  it("knows its own write under another's that came before the answer was looked for", async () => {
    const store = await open();
    interceptPushes({ kind: "drop-answer" });
    let mine = "";
    intercept = (request) => {
      if (isPush(request) && mine === "") return { kind: "drop-answer" };
      if (request.url.endsWith("/git-upload-pack") && mine === "") {
        mine = git("rev-parse", "refs/launch/v1/r/digits-1");
        const identity = ["-c", "user.name=someone", "-c", "user.email=someone@example.com"];
        const next = git(...identity, "commit-tree", "-p", mine, "-m", "next", `${mine}^{tree}`);
        git("update-ref", "refs/launch/v1/r/digits-1", next);
      }
      return undefined;
    };
    expect(await store.create(runDocument("digits-1"), signal)).toEqual({ kind: "written", version: mine });
  });

  it("tries again when the server was in trouble and nothing was written", async () => {
    const store = await open();
    interceptPushes({ kind: "answer", status: 502 });
    versionOf(await store.create(runDocument("digits-1"), signal));
    expect(server.requests.filter(isPush)).toHaveLength(2);
  });

  it("says unknown, and no more, when the server gives no clean answer in the end", async () => {
    const store = await open();
    intercept = () => ({ kind: "answer", status: 503 });
    const result = await store.create(runDocument("digits-1"), signal);
    expect(result.kind).toBe("unknown");
    expect(result).toHaveProperty("message", expect.stringContaining("503"));
    await expect(store.list(10, signal)).rejects.toMatchObject({ code: "store-failed" });
  });

  it("is refused at once by a token that may only read, which still reads", async () => {
    versionOf(await (await open("there")).create(runDocument("digits-1"), signal));
    const store = await open();
    intercept = ({ url }) => (url.includes("receive-pack") ? { kind: "answer", status: 403 } : undefined);
    const before = server.requests.length;

    const failure = await failureOf(store.create(runDocument("digits-2"), signal));
    expect(failure.code).toBe("refused");
    expect(failure.message).toContain("contents: write");
    expect(server.requests.slice(before).filter(({ url }) => url.includes("receive-pack")).length).toBeLessThan(4);
    expect(await store.list(10, signal)).toHaveLength(1);
  });

  it("is refused by a wrong token, for reading and for writing", async () => {
    const store = await open("here", "wr0ng");
    await expect(store.create(runDocument("digits-1"), signal)).rejects.toMatchObject({ code: "refused" });
    await expect(store.list(10, signal)).rejects.toMatchObject({ code: "refused" });
  });

  it("is refused by a repository whose rules turn the push away", async () => {
    const hook = join(served, "hooks", "pre-receive");
    await writeFile(hook, "#!/bin/sh\necho refs/launch is protected >&2\nexit 1\n");
    await chmod(hook, 0o755);
    const failure = await failureOf((await open()).create(runDocument("digits-1"), signal));
    expect(failure.code).toBe("refused");
    expect(failure.message).toContain(`${server.url}/train.git`);
  });

  it("sends the token in a header, and shows it to no process list and no file", async () => {
    const store = await open();
    const trace = await traceGit(async () => {
      versionOf(await store.create(runDocument("digits-1"), signal));
      await store.list(10, signal);
    });
    const secrets = [token, Buffer.from(`x-access-token:${token}`).toString("base64")];
    const config = await readdir(join(folder, "here", "cache", "stores"));
    const text = execFileSync("cat", [join(folder, "here", "cache", "stores", config[0]!, "config")], {
      encoding: "utf8",
    });
    for (const secret of secrets) expect(trace.text + text).not.toContain(secret);
    expect(trace.text).toContain("push");
    expect(server.requests.every(({ authorization }) => authorization !== undefined)).toBe(true);
  });

  it("follows no redirect with its token", async () => {
    const stranger = await startGitServer({ root: join(folder, "served") });
    onTestFinished(() => stranger.stop());
    const store = await open();
    intercept = ({ url }) => ({ kind: "answer", status: 301, headers: { location: `${stranger.url}${url}` } });
    expect((await store.create(runDocument("digits-1"), signal)).kind).toBe("unknown");
    expect(stranger.requests).toEqual([]);
  });

  it("asks no credential helper and no person", async () => {
    const asked = join(folder, "asked");
    process.env["GIT_CONFIG_COUNT"] = "1";
    process.env["GIT_CONFIG_KEY_0"] = "credential.helper";
    process.env["GIT_CONFIG_VALUE_0"] = `!touch '${asked}'; false`;
    onTestFinished(() => {
      delete process.env["GIT_CONFIG_COUNT"];
      delete process.env["GIT_CONFIG_KEY_0"];
      delete process.env["GIT_CONFIG_VALUE_0"];
    });
    await expect((await open("here", "wr0ng")).list(10, signal)).rejects.toMatchObject({ code: "refused" });
    expect(await readdir(folder)).not.toContain("asked");
  });

  it("takes launch's own refs from the server, and of one run only that run's", async () => {
    const there = await open("there");
    for (const runId of ["one", "two", "three"]) versionOf(await there.create(runDocument(runId), signal));
    const head = git("rev-parse", "refs/launch/v1/r/one");
    for (let index = 0; index < 20; index++) git("update-ref", `refs/heads/branch-${index}`, head);

    const store = await open();
    const [name] = await readdir(join(folder, "there", "cache", "stores"));
    const copy = join(folder, "here", "cache", "stores", name!);
    const refs = (): readonly string[] =>
      execFileSync("git", ["--git-dir", copy, "for-each-ref", "--format=%(refname:lstrip=4)"], { encoding: "utf8" })
        .trim()
        .split("\n");
    await store.read("two", signal);
    expect(refs()).toEqual(["two"]);
    await store.list(10, signal);
    expect(refs()).toEqual(["one", "three", "two"]);
    await there.remove([{ runId: "one", version: head }], signal);
    expect(await store.list(10, signal)).toHaveLength(2);
  });

  it("is used by several processes of a machine at once, which share one copy", async () => {
    const there = await open("there");
    for (let index = 0; index < 12; index++) versionOf(await there.create(runDocument(`run-${index}`), signal));
    const stores = await Promise.all(Array.from({ length: 6 }, () => open()));
    const lists = await Promise.all(stores.map((store) => store.list(100, signal)));
    expect(lists.map((list) => list.length)).toEqual([12, 12, 12, 12, 12, 12]);
    const writes = await Promise.all(stores.map((store, index) => store.create(runDocument(`own-${index}`), signal)));
    expect(writes.map(({ kind }) => kind)).toEqual(Array.from({ length: 6 }, () => "written"));
  });

  it("removes many runs in pushes of at most 25", async () => {
    const store = await open();
    const first = versionOf(await store.create(runDocument("run-0", succeeded), signal));
    const runs = Array.from({ length: 60 }, (_, index) => ({ runId: `run-${index}`, version: first }));
    for (const { runId } of runs) git("update-ref", `refs/launch/v1/r/${runId}`, first);
    const before = server.requests.length;

    expect(await store.remove(runs, signal)).toHaveLength(60);
    expect(server.requests.slice(before).filter(isPush)).toHaveLength(3);
    expect(git("for-each-ref")).toBe("");
  });

  it("leaves a server that never answers when it is told to", async () => {
    const store = await open();
    intercept = () => ({ kind: "hang" });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 300);
    await expect(store.create(runDocument("digits-1"), stop.signal)).rejects.toMatchObject({ code: "cancelled" });
  });

  it("is reached by ssh too", async () => {
    // An ssh that runs its last argument here, as the far side's shell would.
    const ssh = join(folder, "ssh");
    await writeFile(ssh, '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n');
    await chmod(ssh, 0o755);
    process.env["GIT_SSH"] = ssh;
    process.env["GIT_SSH_VARIANT"] = "simple";
    onTestFinished(() => {
      delete process.env["GIT_SSH"];
      delete process.env["GIT_SSH_VARIANT"];
    });
    const store = await openStore(parseStoreUrl(`git+ssh://git@git.example${encodeURI(served)}`), {
      log: silentLog,
      stateDirectory: stateDirectoryAt(join(folder, "here")),
    });
    const version = versionOf(await store.create(runDocument("digits-1"), signal));
    expect((await store.read("digits-1", signal))?.version).toBe(version);
  });
});
