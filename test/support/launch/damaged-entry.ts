import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";

/** What may become of a live entry, which then can't be read. */
export type EntryDamage = {
  readonly name: string;
  /** Does it to the entry at the path, which was this text. */
  readonly of: (path: string, text: string) => void;
  /** What is left of it still names its launcher. */
  readonly tells: boolean;
};

const replaced = (name: string, make: (path: string) => void): EntryDamage => ({
  name,
  of: (path) => {
    rmSync(path);
    make(path);
  },
  tells: false,
});
const written = (name: string, tells: boolean, textOf: (text: string) => string): EntryDamage => ({
  name,
  of: (path, text) => writeFileSync(path, textOf(text)),
  tells,
});

export const entryDamages: readonly EntryDamage[] = [
  written("is empty", false, () => ""),
  written("was cut before its launcher", false, (text) => text.slice(0, text.indexOf('"launcher"') + 20)),
  written("was cut in its middle", true, (text) => text.slice(0, text.length / 2)),
  written("lacks its end", true, (text) => text.slice(0, -3)),
  written("is no JSON", false, () => "\u0000\u0000\u0000\u0000 no"),
  written("is a list", false, () => "[1, 2]"),
  written("is nested deep", false, () => "[".repeat(50_000)),
  written("has 10 MB", false, (text) => text + " ".repeat(10_000_000)),
  written("has a text for its head", true, (text) => text.replace(/"head": \{[^]*?\n {2}\}/, '"head": "x"')),
  written("has an object for its store", true, (text) => text.replace(/"store": ".*"/, '"store": {"a": 1}')),
  written("is of a newer version", false, (text) => text.replace('"schema_version": 1', '"schema_version": 7')),
  replaced("is a folder", (path) => mkdirSync(path)),
  replaced("is a pipe", (path) => void execFileSync("mkfifo", [path])),
  replaced("is a link to itself", (path) => symlinkSync(path, path)),
  // Root reads it all the same.
  ...(process.getuid?.() === 0
    ? []
    : [{ name: "may not be read", of: (path: string) => chmodSync(path, 0), tells: false }]),
];
