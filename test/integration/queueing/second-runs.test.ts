import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { silentLog } from "../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { formatKey } from "../../../src/queues/key.ts";
import { moveUnread, removeNamed } from "../../../src/queueing/unread-runs.ts";
import { openStore } from "../../../src/stores/index.ts";
import { fileStoreLocation } from "../../../src/stores/location.ts";
import { plantInGit } from "../../support/stores/queue-engine.ts";
import { leaseOf } from "../../support/stores/queued-run.ts";
import { queuedDocument } from "../../support/stores/run-document.ts";

const { signal } = new AbortController();

test("a run at work that stands behind another of its id is moved by nobody as it is, nor is anything else before all was checked", async () => {
  const folder = await mkdtemp(join(tmpdir(), "launch-second-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "store.git");
  const stateDirectory = stateDirectoryAt(join(folder, "state"));
  const store = await openStore(fileStoreLocation(path), { log: silentLog, stateDirectory });
  onTestFinished(() => store.close());
  await store.enqueue([queuedDocument("dup", { queue: "qb" })], signal);
  const [entry] = (await store.snapshot(["qb"], signal)).entries;
  if (entry === undefined) throw new Error("nothing waits");
  const claim = await store.claim({ entry, lease: leaseOf("box") }, signal);
  if (claim.kind !== "won") throw new Error(claim.kind);
  // By hand: the same run in another queue, of an earlier time; and one that nobody can read.
  const head = JSON.stringify({ ...claim.document.run, queued: { ...claim.document.run.queued, queue: "qa" } });
  const earlier = Date.parse("2026-01-01T00:00:00Z");
  const keyOf = (runId: string): string => formatKey({ priority: 2, time: earlier, runId });
  plantInGit(path, ["qa", keyOf("dup")], { head, record: JSON.stringify(claim.document.record), place: "leased" });
  plantInGit(path, ["qb", keyOf("torn")], { head: "{" });
  const refs = (): string =>
    execFileSync("git", ["--git-dir", path, "for-each-ref", "refs/launch/v1/q"], { encoding: "utf8" });
  const before = refs();

  await expect(removeNamed(["torn", "dup"], store, signal)).rejects.toMatchObject({ code: "bad-usage" });
  const second = (await store.snapshot("all", signal)).unreadable.find(({ queue, place }) => {
    return queue === "qb" && place === "leased";
  });
  if (second === undefined) throw new Error("none is set aside");
  for (const to of ["waiting", "ended"] as const) {
    await expect(moveUnread(second, { store, to }, signal)).rejects.toMatchObject({ code: "unsupported" });
    expect(await store.putUnread(second, to, signal)).toBe(false);
  }
  expect(refs()).toBe(before);
});
