import { constants } from "node:fs";
import { access, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { LaunchError, messageOf, systemCode } from "../core/errors.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import { writeNamed } from "../core/folders/write-named.ts";

const { O_RDONLY, O_DIRECTORY } = constants;
const ownersAlone = 0o700;

/**
 * Makes the state directory, which nobody but this user may enter: below it runs write, as any user and with any permissions. One that is
 * there with wider permissions gets these; one that is another user's is refused, who could exchange all that is in it.
 */
export async function makeOwn({ path }: StateDirectory): Promise<void> {
  await mkdir(path, { recursive: true, mode: ownersAlone });
  const folder = await open(path, O_RDONLY | O_DIRECTORY);
  try {
    const { uid, mode } = await folder.stat();
    const us = process.getuid?.();
    if (us !== undefined && uid !== us) {
      throw new LaunchError(
        "machine-failed",
        `the state folder ${path} belongs to another user (${uid}, and this is ${us}), who could change what is in it; choose another with LAUNCH_STATE_HOME`,
      );
    }
    if ((mode & 0o077) !== 0) await tighten(folder);
  } finally {
    await folder.close();
  }
}

/**
 * Throws `machine-failed` where the state directory can't be written: who takes others' runs finds that out before the first of them, and not
 * with each.
 */
export async function requireOwn(state: StateDirectory): Promise<void> {
  try {
    await makeOwn(state);
    for (const folder of [state.runs, state.live, state.scratch, state.cache]) {
      await mkdir(folder, { recursive: true, mode: ownersAlone });
      await access(folder, constants.W_OK);
    }
    await writeProbe(state);
  } catch (error) {
    if (error instanceof LaunchError) throw error;
    throw new LaunchError(
      "machine-failed",
      `the state folder ${state.path} can't be written: ${messageOf(error)}; make room, or choose another with LAUNCH_STATE_HOME`,
      { cause: error },
    );
  }
}

/** About what an attempt writes before it begins. A disk that is full takes a file, and no bytes. */
const probeBytes = 64 * 1024;

/** Where a run is written down first. */
async function writeProbe({ live }: StateDirectory): Promise<void> {
  const file = join(live, `.probe.${process.pid}.${crypto.randomUUID()}`);
  try {
    await writeNamed(file, new Uint8Array(probeBytes), { mode: 0o600 });
  } finally {
    await rm(file, { force: true }).catch(() => undefined);
  }
}

/** Some file systems have no permissions to change. */
async function tighten(folder: { chmod(mode: number): Promise<void> }): Promise<void> {
  try {
    await folder.chmod(ownersAlone);
  } catch (error) {
    const code = systemCode(error);
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EROFS") throw error;
  }
}
