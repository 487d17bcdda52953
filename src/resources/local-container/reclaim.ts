import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { docker } from "../../clients/docker/docker.ts";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/output/log.ts";
import { say } from "../../core/output/said.ts";
import { mountOption } from "./mounts.ts";

export type ReclaimRequest = {
  /** The run's image: the only one that is surely here. */
  readonly image: string;
  readonly directories: readonly string[];
  /** Our own user and group id; undefined where there is none. */
  readonly userId: number | undefined;
  readonly groupId: number | undefined;
  readonly log: Log;
};

const timeoutMs = 60_000;

/**
 * Makes what a container's user left ours. Root needs no such thing; else a short container of the same image gives it to us, as root. Where
 * that fails (an image without chown) it is warned of: the run itself has ended well.
 */
export async function reclaim({ image, directories, userId, groupId, log }: ReclaimRequest): Promise<void> {
  if (userId === undefined || groupId === undefined || userId === 0) return;
  for (const directory of directories) {
    if (!(await holdsForeign(directory, userId))) continue;
    try {
      const result = await docker({
        args: [
          ...["run", "--rm", "--pull", "never", "--network", "none", "--user", "0:0", "--entrypoint", "chown"],
          mountOption({ source: directory, target: "/launch/reclaim", readOnly: false }),
          // Also takes set-user-id bits away, which would be ours then.
          ...["--", image, "-h", "-R", `${userId}:${groupId}`, "/launch/reclaim"],
        ],
        doing: `making ${directory} this user's`,
        signal: new AbortController().signal,
        timeoutMs,
      });
      if (result.exitCode !== 0) throw new Error(result.stderr.trim().split("\n").at(-1));
    } catch (error) {
      log.warning(
        say`files in ${directory} belong to the container's user and could not be taken over: ${messageOf(error)}`,
      );
    }
  }
}

/** Whether anything below is another user's. What can't be listed is. */
async function holdsForeign(directory: string, userId: number): Promise<boolean> {
  try {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if ((await lstat(path)).uid !== userId) return true;
      if (entry.isDirectory() && (await holdsForeign(path, userId))) return true;
    }
    return false;
  } catch {
    return true;
  }
}
