import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What may have become of a state folder: by somebody's hand, a full disk, another version. `state` is the folder, `run` a run that is in it. */
export type Damage = { readonly name: string; readonly of: (state: string, run: string) => void };

const inPlaceOf = (path: string, put: (path: string) => void): void => {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(join(path, ".."), { recursive: true });
  put(path);
};
const garbage = (path: string): void => writeFileSync(path, '\u0000{"a": [');
const folder = (path: string): void => {
  mkdirSync(join(path, "inside"), { recursive: true });
};
const pipe = (path: string): void => void execFileSync("mkfifo", [path]);
const newer = (path: string): void => writeFileSync(path, '{"schema_version": 99, "run_id": "r", "more": true}');

/** Where what is kept lies. */
const folders = ["store.git", "runs", "live", "scratch", "cache", "images", "trusted"] as const;
const files: readonly (readonly [name: string, path: (run: string) => string])[] = [
  ["a live entry", (run) => `live/${run}.json`],
  ["a record", (run) => `runs/${run}/record.json`],
  ["a log", (run) => `runs/${run}/log.txt`],
  ["a note of an image", () => `images/${"a".repeat(64)}.json`],
  ["a note of a config", () => `trusted/${"b".repeat(32)}.json`],
];
const states: readonly (readonly [name: string, put: (path: string) => void])[] = [
  ["garbage", garbage],
  ["a folder", folder],
  ["a pipe", pipe],
  ["newer", newer],
];

export const damages: readonly Damage[] = [
  { name: "the state folder is a file", of: (state) => inPlaceOf(state, garbage) },
  ...folders.map((name): Damage => ({
    name: `${name} is a file`,
    of: (state) => inPlaceOf(join(state, name), garbage),
  })),
  { name: "store.git is empty", of: (state) => inPlaceOf(join(state, "store.git"), folder) },
  { name: "store.git has a damaged HEAD", of: (state) => writeFileSync(join(state, "store.git", "HEAD"), "garbage\n") },
  {
    name: "store.git has a damaged config",
    of: (state) => writeFileSync(join(state, "store.git", "config"), "[core\n"),
  },
  {
    name: "store.git has no objects any more",
    of: (state) => inPlaceOf(join(state, "store.git", "objects"), (path) => mkdirSync(path)),
  },
  {
    name: "the run's folder is a file",
    of: (state, run) => inPlaceOf(join(state, "runs", run), garbage),
  },
  ...files.flatMap(([what, path]) =>
    states.map(([name, put]): Damage => ({
      name: `${what} is ${name}`,
      of: (state, run) => inPlaceOf(join(state, path(run)), put),
    })),
  ),
  { name: "the cache is full of garbage", of: (state) => everyFile(join(state, "cache"), garbage) },
  { name: "the cache is full of folders", of: (state) => everyFile(join(state, "cache"), folder) },
];

function everyFile(path: string, put: (path: string) => void): void {
  mkdirSync(path, { recursive: true });
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    rmSync(file);
    put(file);
  }
}

/** The state of one run for the next damage. */
export function copyState(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  execFileSync("cp", ["-a", from, `${to}.new`]);
  renameSync(`${to}.new`, to);
}
