import { constants } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { LaunchError, messageOf, systemCode } from "../core/errors.ts";
import type { StateDirectory } from "../core/state-directory.ts";

const { O_RDONLY, O_DIRECTORY } = constants;
const ownersAlone = 0o700;

/**
 * Makes the state directory, which nobody but this user may enter: below it runs write, as any user and with any permissions. One that is
 * there with wider permissions gets these; one that is another user's is refused, who could exchange all that is in it.
 */
export async function makeOwn(state: StateDirectory): Promise<void> {
  const { path } = state;
  const folder = await madeAndOpened(path).catch((error: unknown) => {
    throw unusable(state, error);
  });
  try {
    const { uid, mode } = await folder.stat();
    const us = process.getuid?.();
    if (us !== undefined && uid !== us) {
      throw new LaunchError(
        "store-failed",
        `the state folder ${path} belongs to another user (${uid}, and this is ${us}), who could change what is in it; choose another with LAUNCH_STATE_HOME`,
      );
    }
    if ((mode & 0o077) !== 0) await tighten(folder);
  } finally {
    await folder.close();
  }
}

async function madeAndOpened(path: string): Promise<FileHandle> {
  await mkdir(path, { recursive: true, mode: ownersAlone });
  return open(path, O_RDONLY | O_DIRECTORY);
}

/** A state directory that can't be written, in words. */
export function unusable(state: StateDirectory, error: unknown): LaunchError {
  return new LaunchError(
    "store-failed",
    `the state folder ${state.path} can't be written: ${messageOf(error)}; choose another with LAUNCH_STATE_HOME`,
    { cause: error },
  );
}

/** Some file systems have no permissions to change. */
async function tighten(folder: FileHandle): Promise<void> {
  try {
    await folder.chmod(ownersAlone);
  } catch (error) {
    const code = systemCode(error);
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EROFS") throw error;
  }
}
