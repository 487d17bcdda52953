import { setTimeout as delay } from "node:timers/promises";
import { isBefore, type RefChange } from "../../../clients/git/refs.ts";
import { LaunchError } from "../../../core/errors.ts";
import type { OpenedStore, StoreRepository } from "./repository.ts";

/*
 * How a move of refs is brought to a certain end. Only a clean success counts as done. After anything else the store is asked what it
 * has now, and hashes are compared: our own commits there mean done (the answer was lost), the expected old values mean that nothing
 * happened (a lock, a fault on the way: try again after a random wait), anything else means that another was first. A server that was
 * killed may have made new refs without removing the old ones; then the rest is asked for again. Messages are shown to people and
 * never read.
 */
export const attempts = 5;
const longestWaitMs = 2_000;

/** More names than these are looked up by their folders. */
const maxNamesAsked = 8;

export type Refs = ReadonlyMap<string, string>;

export type Settled =
  | { readonly kind: "done" }
  /** Nothing of it was done, or (`now` tells) a part that holds by itself. */
  | { readonly kind: "lost"; readonly now: Refs }
  | { readonly kind: "unknown"; readonly said: string };

/** A guard need only be as expected while the others are made: what becomes of it later says nothing of them. */
export type Change = RefChange & { readonly isGuard?: boolean };

/** Moves refs, all or none. Throws `refused` or `store-failed` when the store doesn't let us, though nobody else was first. */
export async function settle(opened: OpenedStore, changes: readonly Change[], signal: AbortSignal): Promise<Settled> {
  const { store, local } = opened;
  let left = changes;
  let said = "";
  let refused = false;
  let mayHaveLanded = false;
  for (let attempt = 0; attempt < attempts; attempt++) {
    await jitter(store, attempt, signal);
    const answer = await store.move(local, left, signal);
    if (answer.kind === "done") return answer;
    mayHaveLanded ||= !answer.answered;
    const seen = await look(opened, left, signal);
    said = seen.kind === "unclear" ? `${answer.said}; then: ${seen.said}` : answer.said;
    refused = seen.kind === "seen" && answer.answered;
    if (seen.kind === "unclear") continue;
    const ours = mayHaveLanded ? (id: string, now: string) => follows(opened, { id, now }, signal) : equals;
    const rest = await whatIsLeft(left, seen.refs, ours);
    if (rest === "lost") return { kind: "lost", now: seen.refs };
    if (rest.length === 0) return { kind: "done" };
    left = rest;
    await store.checkWritable(local, left, signal);
  }
  if (refused) throw store.refusal(said);
  return { kind: "unknown", said };
}

/** The changes that have not happened yet; `lost` when they can't any more. */
async function whatIsLeft(
  changes: readonly Change[],
  now: Refs,
  isOurs: (id: string, now: string) => boolean | Promise<boolean>,
): Promise<readonly Change[] | "lost"> {
  const left: Change[] = [];
  let removed = false;
  let unmade = false;
  const guards = changes.filter(({ isGuard }) => isGuard === true);
  const unmoved = guards.filter(({ name, from }) => now.get(name) === from);
  for (const change of changes) {
    if (change.isGuard === true) continue;
    const value = now.get(change.name);
    if (value === change.from) {
      left.push(change);
      unmade ||= change.to !== undefined;
    } else if (change.to === undefined) removed = true;
    else if (value === undefined || !(await isOurs(change.to, value))) return "lost";
  }
  // New refs are made before old ones go: an old one that is gone without the new one was taken by another.
  if (unmade && (removed || unmoved.length < guards.length)) return "lost";
  return left.length === 0 ? left : [...left, ...unmoved];
}

function equals(id: string, now: string): boolean {
  return id === now;
}

/** Whether `now` is our event, or one that came after it. */
async function follows(
  { store, local }: OpenedStore,
  { id, now }: { readonly id: string; readonly now: string },
  signal: AbortSignal,
): Promise<boolean> {
  if (id === now) return true;
  await store.obtain(local, [{ name: `refs/launch/seen/${now}`, id: now, before: id }], signal);
  return isBefore(local, { commit: id, descendant: now }, signal);
}

/** Removes refs that still have these values, in as few moves as the store allows. Returns the names that are gone. */
export async function settleRemoval(
  opened: OpenedStore,
  refs: readonly { readonly name: string; readonly id: string }[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const { store, local } = opened;
  const gone = new Set<string>();
  let left = refs.map(({ name, id }) => ({ name, from: id, to: undefined }));
  let said = "";
  for (let attempt = 0; left.length > 0 && attempt < attempts; attempt++) {
    await jitter(store, attempt, signal);
    for (let at = 0; at < left.length; at += store.maxChanges) {
      const part = left.slice(at, at + store.maxChanges);
      const answer = await store.move(local, part, signal);
      if (answer.kind === "done") for (const { name } of part) gone.add(name);
      else said = answer.said;
    }
    left = left.filter(({ name }) => !gone.has(name));
    if (left.length === 0) break;
    const now = await currentRefs(opened, prefixesOf(left), signal);
    for (const { name } of left) if (!now.has(name)) gone.add(name);
    left = left.filter(({ name, from }) => now.get(name) === from);
    if (left.length > 0) await store.checkWritable(local, left, signal);
  }
  if (left.length > 0 && gone.size === 0) throw store.refusal(said);
  return gone;
}

/** What to list to see these refs. */
function prefixesOf(refs: readonly { readonly name: string }[]): readonly string[] {
  if (refs.length <= maxNamesAsked) return refs.map(({ name }) => name);
  return [...new Set(refs.map(({ name }) => name.slice(0, name.lastIndexOf("/") + 1)))];
}

/** The store's refs below these prefixes as they are now: name → value. Throws when the store can't be asked within the bounds. */
export async function currentRefs(
  { store, local }: OpenedStore,
  prefixes: readonly string[],
  signal: AbortSignal,
): Promise<Refs> {
  let said = "";
  for (let attempt = 0; attempt < attempts; attempt++) {
    await jitter(store, attempt, signal);
    const answer = await store.list(local, prefixes, signal);
    if (answer.kind === "refs") return new Map(answer.refs.map(({ name, id }) => [name, id]));
    said = answer.said;
    await store.checkReadable(signal);
  }
  throw new LaunchError("store-failed", `the store could not be read: ${said}`);
}

type Seen = { readonly kind: "seen"; readonly refs: Refs } | { readonly kind: "unclear"; readonly said: string };

async function look({ store, local }: OpenedStore, changes: readonly RefChange[], signal: AbortSignal): Promise<Seen> {
  const answer = await store.list(local, prefixesOf(changes), signal);
  if (answer.kind === "refs") return { kind: "seen", refs: new Map(answer.refs.map(({ name, id }) => [name, id])) };
  await store.checkReadable(signal);
  return answer;
}

/** Full jitter: writers that met once don't meet again. No wait before the first try. */
export async function jitter(store: StoreRepository, attempt: number, signal: AbortSignal): Promise<void> {
  if (attempt === 0) return;
  await delay(Math.random() * Math.min(longestWaitMs, store.retryMs * 2 ** attempt), undefined, { signal });
}
