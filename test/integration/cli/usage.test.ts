import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CommandLine, commandLine } from "../../support/cli/command-line.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/git/git-repository.ts";

let folder: TemporaryFolder;
let launch: CommandLine;

beforeAll(() => {
  folder = temporaryFolder();
  const repository = folder.repository("place");
  repository.commit("a", {
    "bad.yaml": "name: train\nresource: kubernets\noverrides:\n  args: 5\n",
    "python/train.py": "print(1)\n",
    "python/requirements.txt": "",
    "docker/Dockerfile": "FROM scratch\n",
    "empty/notes.txt": "",
  });
  launch = commandLine({ directory: repository.directory, stateHome: folder.folder("state") });
});
afterAll(() => folder.remove());

test.each([
  ["an option misspelt", ["run", "--resorce", "x"], "unknown option '--resorce'\n(Did you mean --resource?)"],
  ["a command misspelt", ["lst"], "unknown command 'lst'\n(Did you mean list?)"],
  [
    "a queue that isn't there",
    ["run", "empty", "-q", "gpu"],
    'there is no queue "gpu"; there is default alone; make it: launch queue create gpu',
  ],
  ["a priority without a queue", ["run", "empty", "--priority=high"], "priority needs a queue"],
  ["--wait without a queue", ["run", "empty", "--wait"], "--wait: only for runs of a queue"],
  ["two specs without a queue", ["run", "empty", "python"], "more than one spec: only for runs of a queue"],
  ["--detach", ["run", "--detach"], "a run of a queue goes on by itself; give -q QUEUE"],
  [
    "a priority that is none",
    ["prioritize", "urgent", "train-1"],
    'priority "urgent": give critical, high, medium, low',
  ],
  ["a run of no queue", ["cancel", "train-1"], 'no run or group "train-1" in a queue'],
  ["an agent's jobs", ["agent", "-j", "0"], '--max-jobs "0": give a whole number from 1'],
  ["an agent's queue", ["agent", "-q", "gpu"], 'there is no queue "gpu"'],
  ["a W&B job", ["run", "-j", "a/b/c:v1"], "-j: W&B jobs are not in this version"],
  ["what is not there", ["run", "lunch.yaml"], 'SPEC "lunch.yaml": there is no such file or folder'],
  ["two specs", ["run", "bad.yaml", "-c", "bad.yaml"], '"bad.yaml" and --config both name a spec'],
  ["two commands", ["run", ".", "-E", "a", "--", "b"], "both give the command"],
  ["no command", ["run", ".", "-E"], "no command is given"],
  ["a command where none belongs", ["list", "--", "x"], "words after -- are for `launch run`"],
  ["a run that isn't there", ["show", "train-1"], 'no run "train-1"'],
  ["a number that is none", ["list", "--limit", "many"], '--limit "many" is not a whole number'],
  ["an age that is none", ["prune", "--older-than", "old"], '--older-than "old" is no duration'],
  ["a store that is none", ["list", "--store", "https://github.com/o/r"], 'did you mean "git+https://github.com/o/r"?'],
])("%s is a mistake of the user's: exit code 2, words, no stack", async (_, argv, words) => {
  const { exitCode, stdout, stderr } = await launch(...argv);
  expect(stderr).toContain(words);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
});

test("all faults of a spec are shown at once, each with its line and a caret", async () => {
  const { exitCode, stderr } = await launch("run", "bad.yaml");
  expect(exitCode).toBe(2);
  expect(stderr.split("\n")).toEqual([
    'bad.yaml:2:11  error  unknown resource "kubernets"; did you mean "kubernetes"?',
    "   2 │ resource: kubernets",
    "     │           ^^^^^^^^^",
    "bad.yaml:4:9  error  overrides.args must be a list of strings, not a number",
    "   4 │   args: 5",
    "     │         ^",
    "2 faults in bad.yaml. The schema: schema/launch.schema.json",
    "",
  ]);
});

test("with --json a mistake is an event too", async () => {
  const faults = await launch("validate", "bad.yaml", "--json");
  expect(JSON.parse(faults.stdout)).toMatchObject({ event: "faults", faults: [{ line: 2, column: 11 }, { line: 4 }] });
  const error = await launch("show", "train-1", "--json");
  expect(JSON.parse(error.stdout)).toMatchObject({ event: "error", code: "not-found" });
});

test("a flag and a spec that agree on a place are merged, and --explain says who said what", async () => {
  const { exitCode, stdout } = await launch(
    "validate",
    "-c",
    "{name: a, resource: local-process}",
    "-n",
    "b",
    "--set",
    "x.y=1",
    "--explain",
  );
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^name +"b" +--name$/m);
  expect(stdout).toMatch(/^resource +"local-process" +--config:1:/m);
  expect(stdout).toMatch(/^overrides\.run_config\.x\.y +1 +--set$/m);
  expect(stdout).toMatch(/^docker\.user_id +1000 +default$/m);
});

test.each([
  ["python", "local-container", "entry_point: [python3, train.py]"],
  ["docker", "local-container", "# entry_point:"],
])("init writes a spec for a folder with %s that is valid, and never over another", async (name, resource, line) => {
  const first = await launch("init", name);
  expect(first.stdout).toContain(`next: launch run ${name}`);
  const file = join(folder.path, "place", name, "launch.yaml");
  expect(readFileSync(file, "utf8")).toContain(line);
  expect((await launch("validate", name)).stdout).toContain(`valid (${name} on ${resource})`);
  const second = await launch("init", name);
  expect(second.exitCode).toBe(2);
  expect(second.stderr).toContain("--force replaces it");
  expect((await launch("init", name, "--force")).exitCode).toBe(0);
});

test("init writes nothing where there is nothing to run", async () => {
  const { exitCode, stderr } = await launch("init", "empty");
  expect(exitCode).toBe(2);
  expect(stderr).toContain("looks like what to run");
  expect(existsSync(join(folder.path, "place", "empty", "launch.yaml"))).toBe(false);
});

test("doctor names what a spec needs and this place lacks", async () => {
  const spec = "{resource: local-process, overrides: {entry_point: [bash]}, secrets: [MISSING_TOKEN]}";
  const { exitCode, stdout } = await launch("doctor", "-c", spec);
  expect(exitCode).toBe(3);
  expect(stdout).toMatch(/ok +git +\d/);
  expect(stdout).toMatch(/missing +secret MISSING_TOKEN .*\(for the variable MISSING_TOKEN\)/);
  expect(stdout).toContain("Missing: secret MISSING_TOKEN.");
});

test("help goes to stdout and is no mistake", async () => {
  const { exitCode, stdout, stderr } = await launch("--help");
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  for (const command of [
    "run",
    "validate",
    "list",
    "show",
    "logs",
    "prune",
    "wait",
    "cancel",
    "queue",
    "agent",
    "store",
    "init",
    "doctor",
  ]) {
    expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
  }
});
