import { setTimeout as delay } from "node:timers/promises";
import { isBefore, listRefs, type RefChange } from "../../clients/git/refs.ts";
import type { Repository } from "../../clients/git/objects.ts";
import { LaunchError } from "../../core/errors.ts";
import type { StoreRepository } from "./repository.ts";

/*
 * How a move of refs is brought to a certain end. Only a clean success counts as done. After anything else the store is asked what it
 * has now, and hashes are compared: our own commit there means done (the answer was lost), the expected old value means that nothing
 * happened (a lock, a fault on the way: try again after a random wait), anything else means that another was first. Messages are shown
 * to people and never read.
 */
const attempts = 5;
const longestWaitMs = 2_000;

export type Settled =
  | { readonly kind: "done" }
  | { readonly kind: "lost"; readonly current: string | undefined }
  | { readonly kind: "unknown"; readonly said: string };

/** Moves one ref. Throws `refused` or `store-failed` when the store doesn't let us, though nobody else was first. */
export async function settle(
  store: StoreRepository,
  repository: Repository,
  change: RefChange & { readonly to: string },
  signal: AbortSignal,
): Promise<Settled> {
  let said = "";
  let refused = false;
  for (let attempt = 0; attempt < attempts; attempt++) {
    await jitter(store, attempt, signal);
    const answer = await store.move(repository, [change], signal);
    if (answer.kind === "done") return answer;
    const seen = await look(store, repository, change.name, signal);
    said = seen.kind === "unclear" ? `${answer.said}; then: ${seen.said}` : answer.said;
    refused = seen.kind === "seen" && answer.answered;
    if (seen.kind === "unclear") continue;
    if (seen.id === change.to) return { kind: "done" };
    if (seen.id !== change.from) {
      const ours = seen.id !== undefined && (await isBefore(repository, change.to, seen.id, signal));
      return ours ? { kind: "done" } : { kind: "lost", current: seen.id };
    }
    await store.checkWritable(repository, [change], signal);
  }
  if (refused) throw store.refusal(said);
  return { kind: "unknown", said };
}

/** Removes refs that still have these values, in as few moves as the store allows. Returns the names that are gone. */
export async function settleRemoval(
  store: StoreRepository,
  repository: Repository,
  refs: readonly { readonly name: string; readonly id: string }[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const gone = new Set<string>();
  let left = refs;
  let said = "";
  for (let attempt = 0; left.length > 0 && attempt < attempts; attempt++) {
    await jitter(store, attempt, signal);
    for (let at = 0; at < left.length; at += store.maxChanges) {
      const part = left.slice(at, at + store.maxChanges);
      const changes = part.map(({ name, id }) => ({ name, from: id, to: undefined }));
      const answer = await store.move(repository, changes, signal);
      if (answer.kind === "done") for (const { name } of part) gone.add(name);
      else said = answer.said;
    }
    left = left.filter(({ name }) => !gone.has(name));
    if (left.length === 0) break;
    const now = await currentRefs(store, repository, commonPrefix(refs), signal);
    for (const { name } of left) if (!now.has(name)) gone.add(name);
    left = left.filter(({ name, id }) => now.get(name) === id);
    if (left.length > 0) await store.checkWritable(repository, left.map(removalOf), signal);
  }
  if (left.length > 0 && gone.size === 0) throw store.refusal(said);
  return gone;
}

function removalOf({ name, id }: { readonly name: string; readonly id: string }): RefChange {
  return { name, from: id, to: undefined };
}

function commonPrefix(refs: readonly { readonly name: string }[]): string {
  const name = refs[0]?.name ?? "";
  return name.slice(0, name.lastIndexOf("/") + 1);
}

/** The store's refs below `prefix` as they are now: name → tip. Throws when the store can't be asked within the bounds. */
export async function currentRefs(
  store: StoreRepository,
  repository: Repository,
  prefix: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  let said = "";
  for (let attempt = 0; attempt < attempts; attempt++) {
    await jitter(store, attempt, signal);
    const answer = await store.refresh(repository, prefix, signal);
    if (answer.kind === "done") {
      const refs = await listRefs(repository, prefix, signal);
      return new Map(refs.map(({ name, id }) => [name, id]));
    }
    said = answer.said;
    await store.checkReadable(signal);
  }
  throw new LaunchError("store-failed", `the store could not be read: ${said}`);
}

type Seen =
  { readonly kind: "seen"; readonly id: string | undefined } | { readonly kind: "unclear"; readonly said: string };

async function look(store: StoreRepository, repository: Repository, name: string, signal: AbortSignal): Promise<Seen> {
  const answer = await store.refresh(repository, name, signal);
  if (answer.kind === "unclear") {
    await store.checkReadable(signal);
    return answer;
  }
  const refs = await listRefs(repository, name, signal);
  return { kind: "seen", id: refs.find((ref) => ref.name === name)?.id };
}

/** Full jitter: writers that met once don't meet again. No wait before the first try. */
async function jitter(store: StoreRepository, attempt: number, signal: AbortSignal): Promise<void> {
  if (attempt === 0) return;
  await delay(Math.random() * Math.min(longestWaitMs, store.retryMs * 2 ** attempt), undefined, { signal });
}
