import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";

/*
 * `npm run demo`: what a first user sees. Needs Node and git alone: launches examples/digits from this very commit as a process on
 * this machine, through the committed bundle, then shows the run's record. What it writes goes to runs/, which git ignores.
 */

const root = resolve(import.meta.dirname, "..");
const state = join(root, "runs", "demo");
const spec = "examples/digits/launch.yaml";

/** Its own store, whatever this shell says of another. */
const environment = { ...process.env, LAUNCH_STATE_HOME: state, LAUNCH_STORE: undefined };

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

function shown(words: readonly string[]): number {
  console.log(`\n$ launch ${words.join(" ")}`);
  return launch(words, "inherit").code;
}

/** The id of the newest run that the demo's store keeps. */
function newestRun(): string | undefined {
  const [line = "{}"] = launch(["list", "--limit", "1", "--json"], "pipe").text.split("\n");
  return /"run_id":\s*"([a-z0-9-]+)"/.exec(line)?.[1];
}

const ran = shown(["run", spec]);
const runId = newestRun();
const showed = runId === undefined ? 1 : shown(["show", runId]);
if (ran === 0 && showed === 0) {
  console.log(`\nAll of it is in ${state}. With another learning rate:\n  npx launch run ${spec} --set lr=0.1`);
}
process.exitCode = ran === 0 ? showed : ran;
