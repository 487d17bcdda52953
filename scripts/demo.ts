import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";

/*
 * `npm run demo`: what a first user sees. Needs Node and git alone, and works through the committed bundle. Launches examples/digits from
 * this very commit as a process on this machine, and shows the run's record; then queues two runs of it with other learning rates, shows
 * them waiting, and lets an agent take them. What it writes goes to runs/, which git ignores.
 */

const root = resolve(import.meta.dirname, "..");
const state = join(root, "runs", "demo");
const spec = "examples/digits/launch.yaml";

/** Its own store and config, whatever this shell says of others. */
const environment = {
  ...process.env,
  LAUNCH_STATE_HOME: state,
  LAUNCH_STORE: undefined,
  LAUNCH_CONFIG: undefined,
};

function launch(
  words: readonly string[],
  stdout: "inherit" | "pipe",
): { readonly code: number; readonly text: string } {
  const result = spawnSync(process.execPath, [join(root, "bin", "launch.js"), ...words], {
    cwd: root,
    env: environment,
    stdio: ["ignore", stdout, "inherit"],
    encoding: "utf8",
  });
  if (result.error !== undefined) throw result.error;
  return { code: result.status ?? 1, text: result.stdout };
}

/** Runs a command as a user would, or ends the demo with its exit code. */
function show(...words: readonly string[]): void {
  console.log(`\n$ launch ${words.join(" ")}`);
  const { code } = launch(words, "inherit");
  if (code !== 0) process.exit(code);
}

/** The id of the newest run that the demo's store keeps. */
function newestRun(): string {
  const [line = ""] = launch(["list", "--limit", "1", "--json"], "pipe").text.split("\n");
  const runId = /"run_id":\s*"([a-z0-9-]+)"/.exec(line)?.[1];
  if (runId === undefined) throw new Error(`launch list shows no run: ${line}`);
  return runId;
}

console.log("1. A run, here and now.");
show("run", spec);
show("show", newestRun());

console.log("\n2. Two runs that wait in a queue, and an agent that takes one after the other.");
show("run", spec, "-q", "--each", "lr=0.1,0.001");
show("queue", "show");
show("agent", "--drain", "--fail-on-run");
show("list", "--limit", "3");

console.log(`\nAll of it is in ${state}. An agent on another machine needs a store that both reach: docs/queues.md.`);
