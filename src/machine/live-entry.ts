import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isFileMissing, messageOf } from "../core/errors.ts";
import { readOwnFile } from "../core/folders/own-file.ts";
import { isJsonObject, type JsonObject, parseJson } from "../core/json.ts";
import { isRunning, nameProcess } from "../core/process-identity.ts";
import type { RunOutcome } from "../run/outcome.ts";
import { runReasons } from "../run/states.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import { type Handle, identityPattern, nameOfAttempt, readNameOfAttempt, type RunKey } from "../run/handle.ts";
import { runIdPattern } from "../run/run-id.ts";
import { runHeadSchema } from "../run/head.ts";
import type { RunHead } from "../run/head.ts";

/*
 * What a launch has made on this machine is written down before it is made: `live/<attempt>.json`, which names the launcher, the run's
 * handle and its store. A launch removes its entry at its very end. An entry whose launcher is gone (killed, or the machine went down) therefore
 * names everything that must still be ended and removed: see sweep.ts.
 */
const schemaVersion = 1;

const outcomeSchema = z.discriminatedUnion("state", [
  z.object({ state: z.literal("succeeded"), exitCode: z.literal(0) }),
  z.object({
    state: z.enum(["failed", "cancelled"]),
    reason: z.enum(runReasons),
    message: z.string(),
    exitCode: z.int().exactOptional(),
  }),
]) satisfies z.ZodType<RunOutcome>;

const liveSchema = z.object({
  schema_version: z.literal(schemaVersion),
  run_id: z.string().regex(runIdPattern),
  attempt: z.int(),
  identity: z.string().regex(identityPattern),
  /** Processes of another host can't be looked at: its entries are left alone. */
  host: z.string(),
  launcher: z.object({ pid: z.int(), started: z.string() }),
  store: z.string(),
  /** The store's own id, of a queue's run: its location may change. */
  store_id: z.string().exactOptional(),
  /** The queue that it came from: an agent on this machine may take it over, so a sweep leaves it alone while it may be leased. */
  queue: z.string().exactOptional(),
  /** What it holds of the machine's slots. */
  slots: z.record(z.string(), z.array(z.string())).exactOptional(),
  /** The queue's definition that it was started with. */
  definition: z.custom<JsonObject>(isJsonObject).exactOptional(),
  /** Wall clock of this machine. */
  submitted_at: z.string().exactOptional(),
  /** How it ended, for a launcher that was killed before that was in the record. */
  outcome: outcomeSchema.exactOptional(),
  /** The run as it stood at its start, or at its end: for one that is killed before its store has heard of it. */
  head: runHeadSchema,
  handle: z
    .object({
      kind: z.string(),
      name: z.string(),
      identity: z.string().exactOptional(),
      details: z.record(z.string(), z.json()),
    })
    .exactOptional(),
});
export type LiveEntry = z.output<typeof liveSchema>;

export type LiveRun = {
  readonly key: RunKey;
  /** Location of the store that has the run, or will have it. */
  readonly store: string;
  readonly storeId?: string | undefined;
  readonly head: RunHead;
  readonly queue?: string;
  readonly slots?: Readonly<Record<string, readonly string[]>>;
  readonly definition?: JsonObject;
};

/** Writes down that this process launches the run. Before anything is made for it. */
export async function registerLive(state: StateDirectory, run: LiveRun): Promise<void> {
  await writeEntry(state, {
    schema_version: schemaVersion,
    run_id: run.key.runId,
    attempt: run.key.attempt,
    identity: run.key.identity,
    host: state.host,
    launcher: (await nameProcess(process.pid)) ?? { pid: process.pid, started: "" },
    store: run.store,
    ...(run.storeId === undefined ? {} : { store_id: run.storeId }),
    head: run.head,
    ...(run.queue === undefined ? {} : { queue: run.queue }),
    ...(run.slots === undefined ? {} : { slots: mutable(run.slots) }),
    ...(run.definition === undefined ? {} : { definition: run.definition }),
  });
}

function mutable(slots: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(slots).map(([name, units]) => [name, [...units]]));
}

export type LiveChange = {
  readonly handle?: Handle;
  readonly submittedAt?: Date;
  readonly outcome?: RunOutcome;
  readonly store?: string;
  readonly head?: RunHead;
};

/** Adds the handle before the run is submitted, the store that took its place, or the end that the store has not heard of. */
export async function updateLive(state: StateDirectory, key: RunKey, change: LiveChange): Promise<void> {
  const entry = await liveEntryOf(state, key);
  if (entry === undefined) return;
  const { handle, submittedAt, outcome, store, head } = change;
  await writeEntry(state, {
    ...entry,
    ...(handle === undefined ? {} : { handle: liveSchema.shape.handle.parse(handle) }),
    ...(submittedAt === undefined ? {} : { submitted_at: submittedAt.toISOString() }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(store === undefined ? {} : { store }),
    ...(head === undefined ? {} : { head }),
  });
}

/** This process goes on with what a launcher that is gone has left. */
export async function takeOverLive(state: StateDirectory, key: RunKey): Promise<void> {
  const entry = await liveEntryOf(state, key);
  if (entry === undefined) return;
  const launcher = (await nameProcess(process.pid)) ?? { pid: process.pid, started: "" };
  await writeEntry(state, { ...entry, launcher });
}

/** The attempt is over, and nothing of it is left. */
export async function releaseLive(state: StateDirectory, key: RunKey): Promise<void> {
  const name = nameOfAttempt(key);
  await rm(state.liveFile(name), { force: true });
  await rm(state.keepAliveFile(name), { force: true });
}

/** The attempt that an entry is of. */
export function keyOfEntry({ run_id: runId, attempt, identity }: LiveEntry): RunKey {
  return { runId, attempt, identity };
}

/** The entry of this name; undefined when there is none, or none that can be read. */
export async function readLive(state: StateDirectory, name: string): Promise<LiveEntry | undefined> {
  const text = await readOwnFile(state.liveFile(name));
  const entry = text === undefined ? undefined : liveSchema.safeParse(parseJson(text)).data;
  return entry !== undefined && nameOfAttempt(keyOfEntry(entry)) === name ? entry : undefined;
}

/** What is written down here of an attempt; undefined for nothing, and for what another host has written into a folder that both see. */
export async function liveEntryOf(state: StateDirectory, key: RunKey): Promise<LiveEntry | undefined> {
  const entry = await readLive(state, nameOfAttempt(key));
  return entry?.identity === key.identity && entry.host === state.host ? entry : undefined;
}

/** A run as its queue has it, in the store at this location. */
export type StoredAttempt = { readonly key: RunKey; readonly run: RunHead; readonly store: string };

/**
 * What is written down here of a queue's run, also under another name: a store that has lost its own id names its attempts anew. It is the
 * same run by its nonce, of the same queue of the store at the same location; one without a nonce is known by its name alone.
 */
export async function liveEntryOfRun(
  state: StateDirectory,
  { key, run, store }: StoredAttempt,
): Promise<LiveEntry | undefined> {
  const named = await liveEntryOf(state, key);
  if (named !== undefined || run.nonce === undefined) return named;
  for (const name of await liveNames(state)) {
    const said = readNameOfAttempt(name);
    // Of a long run id its name has the start.
    if (said?.attempt !== key.attempt || !key.runId.startsWith(said.runId)) continue;
    const entry = await readLive(state, name);
    if (entry?.host !== state.host || entry.store !== store || entry.queue !== run.queued?.queue) continue;
    if (entry.run_id === key.runId && entry.head.nonce === run.nonce) return entry;
  }
  return undefined;
}

/** Whether this process is at the attempt, and none that has taken it over since. */
export async function isOwnLive(state: StateDirectory, key: RunKey): Promise<boolean> {
  return (await liveEntryOf(state, key))?.launcher.pid === process.pid;
}

/** Whether the launcher of this entry is still at work. One of another host counts as being so: nobody here can know. */
export async function isLauncherThere(entry: LiveEntry, { host }: StateDirectory): Promise<boolean> {
  return entry.host !== host || isRunning(entry.launcher);
}

/** Whether a launcher on this machine is at work on the attempt of this name now. */
export async function isLiveHere(state: StateDirectory, name: string): Promise<boolean> {
  const entry = await readLive(state, name);
  return entry?.host === state.host && isRunning(entry.launcher);
}

/** The names of all attempts that have an entry. */
export async function liveNames(state: StateDirectory): Promise<readonly string[]> {
  try {
    return (await readdir(state.live)).flatMap((file) => {
      const name = file.endsWith(".json") ? file.slice(0, -".json".length) : "";
      return readNameOfAttempt(name) === undefined ? [] : [name];
    });
  } catch (error) {
    if (isFileMissing(error)) return [];
    throw new Error(`${state.live} can't be read: ${messageOf(error)}`, { cause: error });
  }
}

/** Whole or not at all: a kill in the middle leaves the entry before. */
async function writeEntry(state: StateDirectory, entry: LiveEntry): Promise<void> {
  await mkdir(state.live, { recursive: true, mode: 0o700 });
  const name = nameOfAttempt(keyOfEntry(entry));
  const draft = join(state.live, `.${name}.${process.pid}`);
  await writeFile(draft, `${JSON.stringify(entry, undefined, 2)}\n`, { mode: 0o600 });
  await rename(draft, state.liveFile(name));
}
