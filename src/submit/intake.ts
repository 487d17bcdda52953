import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { isFileMissing, LaunchError } from "../core/errors.ts";
import { readSpec } from "../spec/reading/read.ts";
import type { Document, Overlay } from "../spec/resolve/resolution.ts";
import { isUrl } from "../core/url.ts";

/*
 * From what a user names (a file, a folder, a URL, a text) to the document that the spec is resolved from. Nothing is validated here.
 */

const specNames = ["launch.yaml", "launch.yml", "launch.json"] as const;

export type Intake = {
  readonly spec: Document | undefined;
  /** The spec's file, as it was named; undefined for one that was given inline or is not there. */
  readonly specFile: string | undefined;
  /** What a relative `uri` is relative to. Absolute. */
  readonly baseDirectory: string;
  readonly overlays: readonly Overlay[];
  /** A name for the run where nobody gives one. */
  readonly name: string | undefined;
};

export type IntakeRequest = {
  /** SPEC, URI or DIRECTORY; undefined for the working folder. Paths are relative to the process's working folder. */
  readonly what: string | undefined;
  /** What `what` is called for people: `SPEC`, `input spec`. */
  readonly called: string;
  /** True when flags or inputs already name the source (a URI, an image): then a launch.yaml that happens to be here is not taken. */
  readonly sourceGiven: boolean;
};

/** Finds out what was named. Throws `bad-usage` for what is nothing that can be launched. */
export async function takeIn({ what, called, sourceGiven }: IntakeRequest): Promise<Intake> {
  const nothing = { spec: undefined, specFile: undefined, baseDirectory: resolve("."), overlays: [], name: undefined };
  if (what === undefined) return sourceGiven ? nothing : takeDirectory(".", undefined);
  if (what.trim() === "") {
    throw new LaunchError("bad-usage", `${called} is empty; give a spec file, a folder or a git URL`);
  }
  if (isText(what)) return { ...nothing, spec: { name: called, text: what } };
  if (isUrl(what)) return { ...nothing, overlays: [{ origin: called, path: ["uri"], value: what }] };
  const kind = await kindOf(what);
  if (kind === "directory") return takeDirectory(what, called);
  if (kind === "file") return takeFile(what);
  throw new LaunchError(
    "bad-usage",
    `${called} "${what}": there is no such file or folder in ${resolve(".")}, and it is no git URL`,
  );
}

/** Text that is YAML or JSON by its look, where a path could stand too. */
export function isText(value: string): boolean {
  return /^\s*[{[]/.test(value) || /[\n]|: /.test(value);
}

async function takeDirectory(directory: string, called: string | undefined): Promise<Intake> {
  for (const name of specNames) {
    const path = join(directory, name);
    if ((await kindOf(path)) === "file") return takeFile(path);
  }
  return {
    spec: undefined,
    specFile: undefined,
    baseDirectory: resolve("."),
    overlays: called === undefined ? [] : [{ origin: called, path: ["uri"], value: directory }],
    name: basename(resolve(directory)),
  };
}

async function takeFile(file: string): Promise<Intake> {
  const baseDirectory = dirname(resolve(file));
  return { spec: await readSpec(file), specFile: file, baseDirectory, overlays: [], name: basename(baseDirectory) };
}

async function kindOf(path: string): Promise<"file" | "directory" | undefined> {
  try {
    return (await stat(path)).isDirectory() ? "directory" : "file";
  } catch (error) {
    if (isFileMissing(error)) return undefined;
    throw error;
  }
}
