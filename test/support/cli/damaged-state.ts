import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What may have become of a state folder: by somebody's hand, a full disk, another version. */
export type Damage = {
  readonly name: string;
  /** Does it to this folder, in which a run has ended. */
  readonly of: (state: string) => void;
  /** Nothing but one run's own files is damaged. */
  readonly ofOneRun?: true;
};

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
/** Files of one run, or of one thing that is noted: the folder's name is the attempt's. */
const files: readonly (readonly [name: string, path: (name: string) => string])[] = [
  ["a live entry", (name) => `live/${name}.json`],
  ["a record", (name) => `runs/${name}/record.json`],
  ["a log", (name) => `runs/${name}/log.txt`],
  ["an attempt's folder", (name) => `runs/${name}`],
  ["a note of an image", () => `images/${"a".repeat(32)}.json`],
  ["a note of a config", () => `trusted/${"b".repeat(32)}.json`],
];
const states: readonly (readonly [name: string, put: (path: string) => void])[] = [
  ["garbage", garbage],
  ["a folder", folder],
  ["a pipe", pipe],
  ["newer", newer],
];

const one = (name: string, put: (path: string) => void, path: (name: string) => string): Damage => ({
  name,
  ofOneRun: true,
  of: (state) => inPlaceOf(join(state, path(readdirSync(join(state, "runs"))[0] ?? "")), put),
});

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
  ...files.flatMap(([what, path]) => states.map(([name, put]) => one(`${what} is ${name}`, put, path))),
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
