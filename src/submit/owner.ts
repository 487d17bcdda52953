import { userInfo } from "node:os";
import { basename } from "node:path";
import { git } from "../clients/git/git.ts";

export type Owner = { readonly entity: string; readonly project: string };

/** The owner and name of the repository that a folder belongs to, by its remote `origin`; else this user and the folder's name. */
export async function ownerOf(directory: string, signal: AbortSignal): Promise<Owner> {
  const here = { entity: userName(), project: basename(directory) || "launch" };
  try {
    const { exitCode, stdout } = await git({
      args: ["config", "--get", "remote.origin.url"],
      doing: "reading the remote's name",
      cwd: directory,
      signal,
      // Only a name for people, which a pipe among what the configuration includes is not waited for.
      timeoutMs: 5_000,
    });
    const [, entity, project] = /([^/:]+)\/([^/]+?)(?:\.git)?\/*$/.exec(stdout.toString().trim()) ?? [];
    return exitCode === 0 && entity !== undefined && project !== undefined ? { entity, project } : here;
  } catch (error) {
    // Without git or its answer, or before the folder is there: what needs them says so itself.
    if (signal.aborted) throw error;
    return here;
  }
}

/** Who works here. A user id without a name (in containers) has none to tell. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}
