import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { isFileMissing, LaunchError } from "../../core/errors.ts";

/** Of a repository's small files: its configuration, names of refs, what it leaves out. */
const maxBytes = 16 * 1024 * 1024;

/**
 * A file of a repository, which may be anybody's; undefined where there is none. Throws `source-failed` for what git would never write there:
 * a pipe, whose reader waits without end, a device, or more than anybody can have meant.
 */
export async function repositoryText(path: string): Promise<string | undefined> {
  try {
    // Without O_NONBLOCK the open of a pipe waits for a writer, and nothing ends that wait.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) throw new LaunchError("source-failed", `${path} is no file; remove it`);
    if (stat.size > maxBytes) throw new LaunchError("source-failed", `${path} has ${stat.size} bytes; remove it`);
    return await file.readFile("utf8");
  } catch (error) {
    if (isFileMissing(error)) return undefined;
    throw error;
  }
}
