import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import { waitForRuns } from "../../../src/queueing/wait-runs.ts";
import { bareRepository } from "../../../src/stores/git/repository/bare-repository.ts";
import { gitStore } from "../../../src/stores/git/git-store.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/git/git-repository.ts";
import { queuedDocument } from "../../support/stores/run-document.ts";

const signal = AbortSignal.timeout(20_000);
let folder: TemporaryFolder;

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

const states = ["queued", "leased", "running", "succeeded"] as const;

test.each(states)("a run that somebody has put among the ended ones, %s, is waited for no longer", async (state) => {
  const directory = join(folder.path, "store.git");
  const store = {
    ...gitStore("here", bareRepository(directory, silentLog), { log: silentLog }),
    definitions: undefined,
  };
  await store.enqueue([queuedDocument("one")], signal);
  const git = (input: string, ...args: readonly string[]): string =>
    execFileSync("git", ["--git-dir", directory, ...args], { encoding: "utf8", input }).trim();
  const name = git("", "for-each-ref", "--format=%(refname)", "refs/launch/v1/q/gpu/p");
  const head = git("", "cat-file", "blob", `${name}:run.json`).replace('"queued",', `"${state}",`);
  const blob = git(head, "hash-object", "-w", "--stdin");
  const tree = git(git("", "ls-tree", name).replace(/[0-9a-f]+\trun\.json/, `${blob}\trun.json`), "mktree");
  const commit = git("", "-c", "user.name=a", "-c", "user.email=a", "commit-tree", tree, "-m", "x");
  git("", "update-ref", name.replace("/p/", "/d/"), commit);
  git("", "update-ref", "-d", name);

  const onChange = (): void => undefined;
  const request = { runs: [{ runId: "one", queue: "gpu" }], onChange };
  const waited = waitForRuns(request, { store, clock: systemClock }, signal);
  if (state === "succeeded") expect(await waited).toMatchObject([{ state }]);
  else {
    const message = `it is among the ended ones, and its state was "${state}"`;
    expect(await waited).toMatchObject([{ state: "failed", reason: "lost", message }]);
  }
});
