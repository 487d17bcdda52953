import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { isFileMissing, LaunchError, messageOf } from "../../core/errors.ts";
import { readOwnFile } from "../../core/folders/own-file.ts";
import { parseJson } from "../../core/json.ts";
import type { StateDirectory } from "../../core/state-directory.ts";
import type { ConfigField, FoundConfig } from "../resolve/resolution.ts";
import { writeNamed } from "../../core/folders/write-named.ts";

/*
 * A launch config that lies beside the code is as trustworthy as whoever wrote the code. Which of them the user trusts is noted in the user's
 * own state folder, one file for each, by the config's path and the hash of its content: one that has changed is another config.
 */
const schemaVersion = 1;

const noteSchema = z.object({
  schema_version: z.literal(schemaVersion),
  path: z.string(),
  sha256: z.string(),
  trusted_at: z.string(),
  /** What it allowed, to say what has changed. */
  allows: z.array(z.object({ path: z.string(), value: z.json() })),
});

export type TrustNote = {
  readonly path: string;
  readonly sha256: string;
  readonly trustedAt: string;
  readonly allows: readonly ConfigField[];
};

/** A note that is there and can't be read, with the reason. */
export type BadNote = { readonly file: string; readonly why: string };

/** A config at its real, absolute path, and its text. */
export type PlacedConfig = { readonly path: string; readonly text: string };

/** Whether this text of the config at this path is trusted. Never throws: what can't be read is no trust. */
export async function trustOf({ path, text }: PlacedConfig, state: StateDirectory): Promise<FoundConfig> {
  const note = await readNote(noteFile(state, path));
  if (note === undefined) return { kind: "untrusted" };
  if ("why" in note) return { kind: "untrusted", problem: `${note.file} ${note.why}` };
  // A hash of a path is its name, but the note says itself which it is of.
  if (note.path !== path) return { kind: "untrusted" };
  return note.sha256 === hashOf(text) ? { kind: "trusted" } : { kind: "untrusted", before: note.allows };
}

/** Notes that this text of the config is trusted, in the place of what was noted of its path before. */
export async function trustConfig(
  { path, text }: PlacedConfig,
  { allows, at, state }: { readonly allows: readonly ConfigField[]; readonly at: Date; readonly state: StateDirectory },
): Promise<void> {
  const file = noteFile(state, path);
  const note = { schema_version: schemaVersion, path, sha256: hashOf(text), trusted_at: at.toISOString(), allows };
  const draft = join(state.trusted, `.${basename(file)}.${process.pid}`);
  try {
    await mkdir(state.trusted, { recursive: true, mode: 0o700 });
    await writeNamed(draft, `${JSON.stringify(note, undefined, 2)}\n`, { mode: 0o600 });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw new LaunchError("machine-failed", `${file} can't be written: ${messageOf(error)}; nothing was noted`, {
      cause: error,
    });
  }
}

/** Forgets the config at this path. Returns whether it was noted. */
export async function forgetConfig(path: string, state: StateDirectory): Promise<boolean> {
  const file = noteFile(state, path);
  try {
    await rm(file);
    return true;
  } catch (error) {
    if (isFileMissing(error)) return false;
    throw new LaunchError("machine-failed", `${file} can't be removed: ${messageOf(error)}; remove it by hand`, {
      cause: error,
    });
  }
}

/** All notes, those that can't be read too. */
export async function listTrusted(state: StateDirectory): Promise<readonly (TrustNote | BadNote)[]> {
  let names: readonly string[];
  try {
    names = await readdir(state.trusted);
  } catch (error) {
    if (isFileMissing(error)) return [];
    throw new LaunchError("machine-failed", `${state.trusted} can't be read: ${messageOf(error)}`, { cause: error });
  }
  const files = names.filter((name) => /^[0-9a-f]+\.json$/.test(name)).map((name) => join(state.trusted, name));
  const notes = await Promise.all(files.map(readNote));
  return notes.filter((note) => note !== undefined);
}

export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function noteFile(state: StateDirectory, path: string): string {
  return join(state.trusted, `${hashOf(path).slice(0, 32)}.json`);
}

async function readNote(file: string): Promise<TrustNote | BadNote | undefined> {
  try {
    const text = await readOwnFile(file);
    if (text === undefined) return (await isThere(file)) ? { file, why: "is no file" } : undefined;
    const parsed = noteSchema.safeParse(parseJson(text));
    if (!parsed.success) return { file, why: "is damaged or of another version" };
    const { path, sha256, trusted_at: trustedAt, allows } = parsed.data;
    return { path, sha256, trustedAt, allows };
  } catch (error) {
    return { file, why: `can't be read: ${messageOf(error)}` };
  }
}

async function isThere(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}
