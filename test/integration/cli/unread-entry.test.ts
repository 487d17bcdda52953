import { lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { commandLine } from "../../support/cli/command-line.ts";
import { compileCache } from "../../support/cli/compile-cache.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/git/git-repository.ts";
import { attemptName } from "../../support/launch/attempt.ts";
import { entryDamages } from "../../support/launch/damaged-entry.ts";

let folder: TemporaryFolder;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

test.each([
  [["prune"], 3],
  [["prune", "--json"], 3],
  [["doctor"], 0],
  [["agent", "--drain"], 0],
])("launch %j names each entry that can't be read and what to do, and leaves it", async (argv, expected) => {
  const code = folder.repository("code");
  code.commit("a", { "launch.yaml": "resource: local-process\n" });
  const stateHome = folder.folder("state");
  const state = stateDirectoryAt(stateHome);
  mkdirSync(state.live, { recursive: true });
  const paths = entryDamages
    .filter(({ tells }) => !tells)
    .map(({ of }, index) => {
      const path = state.liveFile(attemptName(`digits-${index}`));
      writeFileSync(path, "{}");
      of(path, '{\n  "schema_version": 1,\n  "launcher": {}\n}\n');
      return path;
    });
  expect(paths.length).toBeGreaterThan(8);
  const { exitCode, stdout, stderr } = await commandLine({
    directory: code.directory,
    stateHome,
    environment: { ...compileCache },
  })(...argv);
  const said = stdout + stderr;
  expect(exitCode, said).toBe(expected);
  for (const path of paths) expect(said).toContain(path);
  expect(said).toMatch(/launch prune.*remove the file/);
  // Also the link to itself.
  for (const path of paths) expect(() => lstatSync(path)).not.toThrow();
});
