import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { LaunchError, systemCode } from "../core/errors.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import { type LiveRun, registerLive, releaseLive } from "./live-entry.ts";
import { removeFolder } from "../core/folders/remove.ts";
import { makeOwn, unusable } from "./own-folder.ts";

/**
 * Makes the folders of a run, and writes down that this process launches it. A run id is used once: whoever makes the folder of its name
 * has it, and a second launch of the same id touches nothing of the first. Throws `bad-spec` for that, `store-failed` for a state
 * directory that can't be written; nothing is left then.
 */
export async function makeRunFolders(state: StateDirectory, run: LiveRun): Promise<void> {
  const folder = state.runFolder(run.runId);
  // A queue gives a run out to one holder at a time; an earlier attempt may have been here.
  const first = run.queue === undefined;
  await makeOwn(state);
  try {
    await mkdir(dirname(folder), { recursive: true });
    await mkdir(folder, { recursive: !first });
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw unusable(state, error);
    throw new LaunchError(
      "bad-spec",
      `run_id: there is a run "${run.runId}" on this machine already; give another, or leave run_id out`,
      { cause: error },
    );
  }
  try {
    await registerLive(state, run);
    await mkdir(run.scratch, { recursive: true, mode: 0o700 });
    await mkdir(state.outputFolder(run.runId), { recursive: !first });
  } catch (error) {
    await removeFolder(run.scratch);
    if (first) await removeFolder(folder);
    await releaseLive(state, run.runId);
    throw unusable(state, error);
  }
}
