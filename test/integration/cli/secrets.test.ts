import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { commandLine, type CommandLine } from "../../support/cli/command-line.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/git/git-repository.ts";

const secret = "0123-canary-value-4567";
const spec = "name: train\nresource: local-process\noverrides: {entry_point: [sh, train.sh]}\n";

let folder: TemporaryFolder;
let directory: string;
let launch: CommandLine;

beforeEach(() => {
  folder = temporaryFolder();
  const repository = folder.repository("train");
  repository.commit("a", { "launch.yaml": spec, "train.sh": "echo a\necho b\n" });
  ({ directory } = repository);
  launch = commandLine({ directory, stateHome: folder.folder("state"), environment: { WANDB_API_KEY: secret } });
});
afterEach(() => folder.remove());

async function refused(...argv: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await launch("run", "-q", ...argv);
  expect(exitCode).toBe(2);
  expect(stdout + stderr).not.toContain(secret);
  expect((await launch("list", "--json")).stdout).toBe("");
  return stderr;
}

test("a patch that holds a secret's value is refused with the file and the line, and enqueues nothing", async () => {
  writeFileSync(join(directory, "train.sh"), `echo a\nexport KEY=${Buffer.from(`x:${secret}`).toString("base64")}\n`);
  expect(await refused()).toMatch(/what is local would travel as a patch, and train\.sh:2 holds the value of a secret/);
});

test.each([
  ["-a", `--key=${secret}`],
  ["-a", `--key=${encodeURIComponent(Buffer.from(secret).toString("base64"))}`],
  ["--set", `key.${secret}=1`],
  ["-n", secret],
])(
  "a queued run that is asked with a secret by %s is refused, also where the store is of this machine",
  async (...flags) => {
    expect(await refused(...flags)).toMatch(/secret|WANDB_API_KEY/);
  },
);

test("words that quote a secret of the environment don't show it", async () => {
  const { stderr } = await launch("run", `./no-such-folder-${secret}`);
  expect(stderr).toMatch(/no-such-folder-\*\*\*/);
});
