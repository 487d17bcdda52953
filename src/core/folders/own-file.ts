import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { isFileMissing, systemCode } from "../errors.ts";

/**
 * The text of a file that launch keeps for itself; undefined where there is none, and where something else lies in its place: a folder, or a
 * pipe that would be waited for without end. Throws for what the system refuses.
 */
export async function readOwnFile(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return (await file.stat()).isFile() ? await file.readFile("utf8") : undefined;
  } catch (error) {
    // A socket can't be opened, nor a link that leads to itself.
    if (isFileMissing(error) || ["ENXIO", "ELOOP", "EISDIR"].includes(systemCode(error) ?? "")) return undefined;
    throw error;
  }
}
