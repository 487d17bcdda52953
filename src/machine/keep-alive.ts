import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { StateDirectory } from "../core/state-directory.ts";
import { writeNamed } from "../core/folders/write-named.ts";

/** Says that this agent is there, to the supervisor of a run. */
export async function touchKeepAlive(state: StateDirectory, name: string): Promise<void> {
  const file = state.keepAliveFile(name);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeNamed(file, "", { mode: 0o600 });
}
