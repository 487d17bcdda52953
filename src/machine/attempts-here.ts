import { z } from "zod";
import { namesIn } from "../core/folders/names.ts";
import { readOwnFile } from "../core/folders/own-file.ts";
import { writeWhole } from "../core/folders/write-whole.ts";
import { parseJson } from "../core/json.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import { identityPattern, nameOfAttempt, readNameOfAttempt, type RunKey } from "../run/handle.ts";
import type { RunHead } from "../run/head.ts";
import { runIdPattern } from "../run/run-id.ts";

/*
 * The folders of attempts on this machine, below `runs/`. Each has a note of whose it is, so that of several stores' runs of one id that of
 * the store which is asked for is found, also while the store can't be reached.
 */
const schemaVersion = 1;

const noteSchema = z.object({
  schema_version: z.literal(schemaVersion),
  run_id: z.string().regex(runIdPattern),
  attempt: z.int().min(0),
  identity: z.string().regex(identityPattern),
  nonce: z.string().exactOptional(),
  /** The run's. */
  created_at: z.string(),
  /** Locations: of the store that the run is of, and of the one that keeps it where that one refused it. */
  stores: z.array(z.string()),
});

/** An attempt that has, or had, its folder on this machine. */
export type AttemptHere = RunKey & {
  readonly name: string;
  readonly nonce: string | undefined;
  readonly createdAt: string;
  readonly stores: readonly string[];
};

/** Writes down whose the folder of an attempt is, which is there. */
export async function noteAttempt(
  state: StateDirectory,
  { key, nonce, createdAt, stores }: Pick<AttemptHere, "nonce" | "createdAt" | "stores"> & { readonly key: RunKey },
): Promise<void> {
  const note: z.output<typeof noteSchema> = {
    schema_version: schemaVersion,
    run_id: key.runId,
    attempt: key.attempt,
    identity: key.identity,
    ...(nonce === undefined ? {} : { nonce }),
    created_at: createdAt,
    stores: [...stores],
  };
  await writeWhole(state.noteFile(nameOfAttempt(key)), `${JSON.stringify(note, undefined, 2)}\n`);
}

/** Another store keeps the run. */
export async function noteStore(state: StateDirectory, key: RunKey, location: string): Promise<void> {
  const note = await readNote(state, nameOfAttempt(key));
  if (note !== undefined) await noteAttempt(state, { ...note, key, stores: [...note.stores, location] });
}

/** Whose the folder of this name is; undefined for one without a note that can be read. */
export async function readNote(state: StateDirectory, name: string): Promise<AttemptHere | undefined> {
  const text = await readOwnFile(state.noteFile(name));
  const note = text === undefined ? undefined : noteSchema.safeParse(parseJson(text)).data;
  if (note === undefined) return undefined;
  const { run_id: runId, attempt, identity, nonce, created_at: createdAt, stores } = note;
  const key = { runId, attempt, identity };
  return nameOfAttempt(key) === name ? { ...key, name, nonce, createdAt, stores } : undefined;
}

export type WantedAttempts = {
  readonly runId: string;
  /** The location of the store that has the run. */
  readonly store: string;
  /** As the store has it, where that is known: what is of another run of that id there, before it or after, is left out. */
  readonly run?: RunHead | undefined;
};

/** The attempts at a run of a store that have a folder on this machine: the last one first. A store that was renamed knows its runs by their nonces. */
export async function attemptsHere(
  state: StateDirectory,
  { runId, store, run }: WantedAttempts,
): Promise<readonly AttemptHere[]> {
  const found: AttemptHere[] = [];
  for (const name of await namesIn(state.runs)) {
    const said = readNameOfAttempt(name);
    // Of a long run id its name has the start.
    if (said === undefined || !runId.startsWith(said.runId)) continue;
    const note = await readNote(state, name);
    if (note?.runId !== runId) continue;
    const isOfRun = run === undefined || note.nonce === run.nonce;
    const isOfStore = note.stores.includes(store) || (run?.nonce !== undefined && note.nonce === run.nonce);
    if (isOfRun && isOfStore) found.push(note);
  }
  // What was removed from the store may have made room for another run of its id.
  return found.sort((one, two) => two.createdAt.localeCompare(one.createdAt) || two.attempt - one.attempt);
}
