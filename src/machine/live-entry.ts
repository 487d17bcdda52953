import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { isFileMissing, messageOf } from "../core/errors.ts";
import { lookAtOwnFile } from "../core/folders/own-file.ts";
import { type JsonObject, readJsonObject } from "../core/json.ts";
import { isRunning, nameProcess } from "../core/process-identity.ts";
import type { RunOutcome } from "../run/outcome.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import { type Handle, nameOfAttempt, readNameOfAttempt, type RunKey } from "../run/handle.ts";
import type { RunHead } from "../run/head.ts";
import { liveBounds, liveSchema, liveVersion } from "./live-schema.ts";
import { isNewer, newerWords, whyUnreadable } from "../run/unreadable.ts";
import { writeNamed } from "../core/folders/write-named.ts";

/*
 * What a launch has made on this machine is written down before it is made: `live/<attempt>.json`, which names the launcher, the run's
 * handle and its store. A launch removes its entry at its very end. An entry whose launcher is gone (killed, or the machine went down) therefore
 * names everything that must still be ended and removed: see sweep.ts.
 */

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
  await writeEntry(state, await entryOf(state, run));
}

async function entryOf(state: StateDirectory, run: LiveRun): Promise<LiveEntry> {
  return {
    schema_version: liveVersion,
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
  };
}

/** Writes an entry anew that can't be read, of an attempt whose launcher is gone: others go on from there. */
export async function restoreLive(state: StateDirectory, run: LiveRun, handle: Handle): Promise<LiveEntry> {
  const entry = {
    ...(await entryOf(state, run)),
    launcher: nobody,
    handle: liveSchema.shape.handle.parse(handle),
  };
  // Something else than a file may be there.
  await rm(state.liveFile(nameOfAttempt(run.key)), { recursive: true, force: true });
  await writeEntry(state, entry);
  return entry;
}

/** No process has ever been this one. */
const nobody = { pid: 0, started: "never" };

function mutable(slots: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(slots).map(([name, units]) => [name, [...units]]));
}

export type LiveChange = {
  readonly handle?: Handle;
  readonly submittedAt?: Date;
  readonly outcome?: RunOutcome;
  readonly cut?: LiveEntry["cut"];
  readonly store?: string;
  readonly head?: RunHead;
};

/** Adds the handle before the run is submitted, the store that took its place, or the end that the store has not heard of. */
export async function updateLive(state: StateDirectory, key: RunKey, change: LiveChange): Promise<void> {
  const entry = await liveEntryOf(state, key);
  if (entry === undefined) return;
  const { handle, submittedAt, outcome, cut, store, head } = change;
  await writeEntry(state, {
    ...entry,
    ...(handle === undefined ? {} : { handle: liveSchema.shape.handle.parse(handle) }),
    ...(submittedAt === undefined ? {} : { submitted_at: submittedAt.toISOString() }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(cut === undefined ? {} : { cut }),
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

/** An entry that is there and says nothing, or not all: what it is of may still run. */
export type UnreadLive = {
  readonly kind: "unreadable";
  /** Of the attempt. */
  readonly name: string;
  readonly path: string;
  /** Goes on from what it is called: `is no file`. */
  readonly why: string;
  /** What can be read of it, of this version. */
  readonly text: string;
  /** A newer launch wrote it, which may be at work: nothing of it is touched by this one. */
  readonly isNewer: boolean;
};
export type LiveRead = { readonly kind: "none" } | { readonly kind: "entry"; readonly entry: LiveEntry } | UnreadLive;

/** What is written down under this name. */
export async function lookUpLive(state: StateDirectory, name: string): Promise<LiveRead> {
  const path = state.liveFile(name);
  const unread = (why: string, text = "", newer = false): UnreadLive => ({
    ...{ kind: "unreadable", name, path, why, text, isNewer: newer },
  });
  const file = await lookAtOwnFile(path, liveBounds.bytes);
  if (file.kind === "none") return file;
  if (file.kind === "other") return unread(file.why);
  const read = readJsonObject(file.text, liveBounds);
  if (read.kind === "other") return unread(read.why, file.text);
  if (isNewer(read.value)) return unread(`can't be read: ${newerWords(read.value)}`, "", true);
  const { data: entry, error } = liveSchema.safeParse(read.value);
  if (error !== undefined) return unread(`can't be read: ${whyUnreadable(error, "text")}`, file.text);
  return nameOfAttempt(keyOfEntry(entry)) === name ? { kind: "entry", entry } : unread("is of another attempt");
}

/** The entry of this name; undefined when there is none, or none that can be read. */
export async function readLive(state: StateDirectory, name: string): Promise<LiveEntry | undefined> {
  const read = await lookUpLive(state, name);
  return read.kind === "entry" ? read.entry : undefined;
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
export async function lookUpRun(state: StateDirectory, { key, run, store }: StoredAttempt): Promise<LiveRead> {
  const named = await lookUpLive(state, nameOfAttempt(key));
  if (named.kind === "unreadable") return named;
  if (named.kind === "entry" && named.entry.identity === key.identity && named.entry.host === state.host) return named;
  if (run.nonce === undefined) return { kind: "none" };
  for (const name of await liveNames(state)) {
    const said = readNameOfAttempt(name);
    // Of a long run id its name has the start.
    if (said?.attempt !== key.attempt || !key.runId.startsWith(said.runId)) continue;
    const entry = await readLive(state, name);
    if (entry?.host !== state.host || entry.store !== store || entry.queue !== run.queued?.queue) continue;
    if (entry.run_id === key.runId && entry.head.nonce === run.nonce) return { kind: "entry", entry };
  }
  return { kind: "none" };
}

/** Whether this process, which has begun with the attempt, is still at it: who takes it over writes an entry that can be read. */
export async function isOwnLive(state: StateDirectory, key: RunKey): Promise<boolean> {
  const read = await lookUpLive(state, nameOfAttempt(key));
  if (read.kind !== "entry") return read.kind === "unreadable" && !read.isNewer;
  const { launcher, identity, host } = read.entry;
  return identity === key.identity && host === state.host && launcher.pid === process.pid;
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
  await writeNamed(draft, `${JSON.stringify(entry, undefined, 2)}\n`, { mode: 0o600 });
  await rename(draft, state.liveFile(name));
}
