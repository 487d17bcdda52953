import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { silentLog } from "../../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../../src/core/state-directory.ts";
import { openStore } from "../../../../src/stores/index.ts";
import { fileStoreLocation, parseStoreUrl } from "../../../../src/stores/location.ts";
import type { Claim, QueueEntry, QueueSnapshot, QueueStore } from "../../../../src/stores/queue-store.ts";
import { type GitServer, type Interception, startGitServer } from "../../../support/git/git-server.ts";
import { endedRun, leaseOf } from "../../../support/stores/queued-run.ts";
import { queuedDocument } from "../../../support/stores/run-document.ts";

/* A claim that has counted what runs holds only when nobody else's was made since the count. */
let folder: string;
let directory: string;
let server: GitServer;
let intercept: () => Interception | undefined;
let store: QueueStore;
let other: QueueStore;
let signal: AbortSignal;

const open = (url: string, machine: string): Promise<QueueStore> =>
  openStore(url === "" ? fileStoreLocation(directory) : parseStoreUrl(url), {
    log: silentLog,
    stateDirectory: stateDirectoryAt(join(folder, machine)),
  });
const counted = ({ turns }: QueueSnapshot) => ({ turn: turns?.get("gpu") });
const look = (from = store): Promise<QueueSnapshot> => from.snapshot(["gpu"], signal);
const claim = (entry: QueueEntry | undefined, at: QueueSnapshot, from = store): Promise<Claim> => {
  if (entry === undefined) throw new Error("there is no such run");
  return from.claim({ entry, lease: leaseOf("box"), counted: counted(at) }, signal);
};
const placesOf = async (): Promise<Readonly<Record<string, string>>> =>
  Object.fromEntries((await look()).entries.map(({ run, place }) => [run.run_id, place]));

beforeEach(async () => {
  signal = AbortSignal.timeout(100_000);
  folder = await mkdtemp(join(tmpdir(), "git turns "));
  directory = join(folder, "served", "train.git");
  execFileSync("git", ["init", "--quiet", "--bare", directory]);
  intercept = () => undefined;
  server = await startGitServer({
    root: join(folder, "served"),
    intercept: ({ method, url }) => (method === "POST" && url.endsWith("/git-receive-pack") ? intercept() : undefined),
  });
  store = await open(`git+${server.url}/train.git`, "here");
  other = await open("", "there");
  const runs = ["one", "two", "three"].map((runId) => queuedDocument(runId));
  await store.enqueue(runs, signal);
});
afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

it("refuses who counted before another was taken, and leaves that run where it is", async () => {
  for (const [first, second] of [
    [store, other],
    [other, store],
  ] as const) {
    const [ours, theirs] = [await look(first), await look(second)];
    const [head, next] = ours.entries.filter(({ place }) => place === "waiting");
    expect((await claim(head, ours, first)).kind).toBe("won");
    expect((await claim(next, theirs, second)).kind).toBe("miscounted");
    expect((await claim(head, theirs, second)).kind).toBe("lost");
  }
  expect(await placesOf()).toEqual({ one: "leased", two: "leased", three: "waiting" });
});

it("counts one's own claim by what it returned", async () => {
  const seen = await look();
  const first = await claim(seen.entries[0], seen);
  if (first.kind !== "won" || first.turn === undefined) throw new Error(first.kind);
  const second = await claim(seen.entries[1], { ...seen, turns: new Map([["gpu", first.turn]]) });
  expect(second.kind).toBe("won");
});

it("of many who have counted the same lets one through", async () => {
  const machines = await Promise.all(
    Array.from({ length: 6 }, (_, index) => open(index % 2 === 0 ? "" : `git+${server.url}/train.git`, `m${index}`)),
  );
  const seen = await Promise.all(machines.map((machine) => look(machine)));
  const claims = await Promise.all(
    machines.map((machine, index) => claim(seen[index]?.entries[index % 3], seen[index]!, machine)),
  );
  expect(claims.filter(({ kind }) => kind === "won")).toHaveLength(1);
  expect(Object.values(await placesOf()).sort()).toEqual(["leased", "waiting", "waiting"]);
});

it("is known as won when the answer was lost, also after another's turn", async () => {
  const seen = await look();
  let toLose = 1;
  intercept = () => (toLose-- > 0 ? { kind: "drop-answer" } : undefined);
  expect((await claim(seen.entries[0], seen)).kind).toBe("won");
  const now = await look(other);
  expect(
    (
      await claim(
        now.entries.find(({ run }) => run.run_id === "two"),
        now,
        other,
      )
    ).kind,
  ).toBe("won");
  expect(await placesOf()).toEqual({ one: "leased", two: "leased", three: "waiting" });
});

it("writes an end though the next was miscounted", async () => {
  const seen = await look();
  const taken = await claim(seen.entries[0], seen);
  if (taken.kind !== "won") throw new Error(taken.kind);
  const [ours, theirs] = [await look(), await look(other)];
  expect(
    (
      await claim(
        theirs.entries.find(({ run }) => run.run_id === "two"),
        theirs,
        other,
      )
    ).kind,
  ).toBe("won");
  const next = {
    entry: ours.entries.find(({ run }) => run.run_id === "three")!,
    lease: leaseOf("box"),
    counted: counted(ours),
  };
  const finished = await store.finish(taken.entry, { document: endedRun(taken.document), next }, signal);
  expect([finished.finish.kind, finished.next?.kind]).toEqual(["written", "miscounted"]);
  expect(await placesOf()).toEqual({ one: "ended", two: "leased", three: "waiting" });
});

it("leaves no history behind, and nothing in the way of folding", async () => {
  const seen = await look();
  const taken = await claim(seen.entries[0], seen);
  if (taken.kind !== "won") throw new Error(taken.kind);
  await store.finish(taken.entry, { document: endedRun(taken.document) }, signal);
  expect(await store.fold("gpu", 0, signal)).toBe(1);
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["--git-dir", directory, ...args], { encoding: "utf8" }).trim();
  expect(git("rev-list", "--count", "refs/launch/v1/q/gpu/c/turn")).toBe("1");
  expect(git("ls-tree", "refs/launch/v1/q/gpu/c/turn")).toBe("");
});
