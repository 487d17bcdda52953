import { rename } from "node:fs/promises";
import { writeNamed } from "./write-named.ts";

/** Writes a file that this user alone may read, and renames it into place, so that no reader sees half of it. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await writeNamed(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
