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
  /** The folders of attempts. */
  readonly runs: string;
  /** An attempt's own folder, with its log and outputs. It goes by the attempt's name, as all of it does; see run/handle.ts. */
  runFolder(name: string): string;
  logFile(name: string): string;
  outputFolder(name: string): string;
  recordFile(name: string): string;
  /** Says whose the folder is; see machine/attempts-here.ts. */
  noteFile(name: string): string;
  scratchFolder(name: string): string;
  liveFile(name: string): string;
  /** An agent makes it again and again while it is there; see resources/resource.ts. */
  keepAliveFile(name: string): string;
};

/** The state directory at this place of a machine: this one, unless another is named. */
export function stateDirectoryAt(path: string, host = hostname()): StateDirectory {
  const runs = join(path, "runs");
  const runFolder = (name: string): string => join(runs, name);
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
    runs,
    runFolder,
    logFile: (name) => join(runFolder(name), "log.txt"),
    recordFile: (name) => join(runFolder(name), "record.json"),
    outputFolder: (name) => join(runFolder(name), "output"),
    noteFile: (name) => join(runFolder(name), "attempt.json"),
    scratchFolder: (name) => join(scratch, name),
    liveFile: (name) => join(live, `${name}.json`),
    keepAliveFile: (name) => join(live, `${name}.alive`),
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
