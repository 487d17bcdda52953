import { mkdir } from "node:fs/promises";
import { LaunchError, messageOf } from "../core/errors.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import { nameOfAttempt } from "../run/handle.ts";
import { attemptsHere, noteAttempt, readNote } from "./attempts-here.ts";
import { type LiveRun, registerLive, releaseLive } from "./live-entry.ts";
import { removeFolder } from "../core/folders/remove.ts";
import { makeOwn } from "./own-folder.ts";

/**
 * Makes the folders of an attempt, and writes down that this process launches it. A store has a run id once: a second launch of one that
 * was here before touches nothing of the first. Throws `bad-spec` for that, `machine-failed` for a state directory that can't be written;
 * nothing is left then.
 */
export async function makeRunFolders(state: StateDirectory, run: LiveRun): Promise<void> {
  const { key, head, store, queue } = run;
  const name = nameOfAttempt(key);
  const folder = state.runFolder(name);
  // A queue gives a run out to one holder at a time; this attempt may have been here before.
  const first = queue === undefined;
  try {
    await makeOwn(state);
    if (first && (await attemptsHere(state, { runId: key.runId, store })).length > 0) throw taken(key.runId);
    await mkdir(state.runs, { recursive: true });
    await mkdir(folder, { recursive: !first });
    const note = await readNote(state, name);
    if (note !== undefined && note.identity !== key.identity) throw new Error(`${folder} is another run's`);
    if (note === undefined)
      await noteAttempt(state, { key, nonce: head.nonce, createdAt: head.created_at, stores: [store] });
  } catch (error) {
    throw error instanceof LaunchError ? error : unusable(state, error);
  }
  try {
    await registerLive(state, run);
    await mkdir(state.scratchFolder(name), { recursive: true, mode: 0o700 });
    await mkdir(state.outputFolder(name), { recursive: !first });
  } catch (error) {
    await removeFolder(state.scratchFolder(name)).catch(() => undefined);
    if (first) await removeFolder(folder).catch(() => undefined);
    // What can't be removed either names what is to be looked for.
    await releaseLive(state, key).catch(() => undefined);
    throw unusable(state, error);
  }
}

function taken(runId: string): LaunchError {
  return new LaunchError(
    "bad-spec",
    `run_id: there is a run "${runId}" of this store on this machine already; give another, or leave run_id out`,
  );
}

function unusable(state: StateDirectory, error: unknown): LaunchError {
  return new LaunchError(
    "machine-failed",
    `the state folder ${state.path} can't be written: ${messageOf(error)}; choose another with LAUNCH_STATE_HOME`,
    { cause: error },
  );
}
