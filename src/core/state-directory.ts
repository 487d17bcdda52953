import { hostname } from "node:os";
import { isAbsolute, join } from "node:path";
import { LaunchError } from "./errors.ts";

/** Where launch keeps what outlives one command on this machine. Paths only: nothing is made. */
export type StateDirectory = {
  readonly path: string;
  /** The machine that it is of, by its name: what is written down of processes below it is of that one. */
  readonly host: string;
  /** The default store, a bare repository. */
  readonly store: string;
  /** Caches, safe to remove at any time. */
  readonly cache: string;
  /** What launchers that are at work have made; see machine/live-entry.ts. */
  readonly live: string;
  /** Folders that live as long as a launch does. */
  readonly scratch: string;
  /** Notes of the images that were built; see builders/docker/image-notes.ts. */
  readonly images: string;
  /** Notes of the launch configs that this user trusts; see spec/config/trust.ts. */
  readonly trusted: string;
  /** A run's own folder, with its log and outputs. */
  runFolder(runId: string): string;
  logFile(runId: string): string;
  outputFolder(runId: string): string;
  recordFile(runId: string): string;
  scratchFolder(runId: string): string;
  liveFile(runId: string): string;
  /** An agent makes it again and again while it is there; see resources/resource.ts. */
  keepAliveFile(runId: string): string;
};

/** The state directory at this place of a machine: this one, unless another is named. */
export function stateDirectoryAt(path: string, host = hostname()): StateDirectory {
  const runFolder = (runId: string): string => join(path, "runs", runId);
  const live = join(path, "live");
  const scratch = join(path, "scratch");
  return {
    path,
    host,
    store: join(path, "store.git"),
    cache: join(path, "cache"),
    live,
    scratch,
    images: join(path, "images"),
    trusted: join(path, "trusted"),
    runFolder,
    logFile: (runId) => join(runFolder(runId), "log.txt"),
    recordFile: (runId) => join(runFolder(runId), "record.json"),
    outputFolder: (runId) => join(runFolder(runId), "output"),
    scratchFolder: (runId) => join(scratch, runId),
    liveFile: (runId) => join(live, `${runId}.json`),
    keepAliveFile: (runId) => join(live, `${runId}.alive`),
  };
}

/**
 * `LAUNCH_STATE_HOME`, else `launch/` in `XDG_STATE_HOME` (which its specification says to ignore when it is relative:
 * https://specifications.freedesktop.org/basedir-spec/), else `~/.local/state/launch`.
 */
export function stateDirectoryOf(
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
): StateDirectory {
  const own = environment["LAUNCH_STATE_HOME"] ?? "";
  if (own !== "") {
    if (isAbsolute(own)) return stateDirectoryAt(own);
    throw new LaunchError("bad-usage", `LAUNCH_STATE_HOME is "${own}"; give an absolute path`);
  }
  const xdg = environment["XDG_STATE_HOME"] ?? "";
  return stateDirectoryAt(join(isAbsolute(xdg) ? xdg : join(home, ".local", "state"), "launch"));
}
