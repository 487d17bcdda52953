import { randomUUID } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import { LaunchError } from "../core/errors.ts";
import type { QueueEntry, QueueStore } from "../stores/queue-store.ts";
import type { RunDocument } from "../stores/store.ts";

/*
 * Waiting runs go from one store to another, each in three steps: it is claimed where it is, so that no agent takes it; it is enqueued in
 * the other, under its own id; and it ends where it was. Killed in between, it is still in at least one of them: the claim runs out, or the
 * next migration finds its id in the other store and only ends it here.
 */

export type Migrated = {
  readonly moved: readonly string[];
  /** An agent has taken them meanwhile; they end where they are. */
  readonly taken: readonly string[];
  /** Queues whose definitions were copied. */
  readonly queues: readonly string[];
  /** Queues whose definitions a person has to copy: the other store's branch is protected. */
  readonly uncopied: readonly string[];
};

export async function migrate(
  from: QueueStore,
  to: QueueStore,
  { clock, by }: { readonly clock: Clock; readonly by: string },
  signal: AbortSignal,
): Promise<Migrated> {
  if (from.location === to.location) throw new LaunchError("bad-usage", `${to.location} is the same store`);
  const snapshot = await from.snapshot("all", signal);
  const waiting = snapshot.entries.filter(({ place }) => place === "waiting");
  const definitions = await copyDefinitions(from, to, new Set(waiting.map(({ queue }) => queue)), by, signal);
  const incarnation = randomUUID();
  const moved: string[] = [];
  const taken: string[] = [];
  for (const entry of waiting) {
    const { run_id: runId } = entry.run;
    ((await moveOne(entry, { from, to, clock, incarnation }, signal)) ? moved : taken).push(runId);
  }
  return { moved, taken, ...definitions };
}

type Move = {
  readonly from: QueueStore;
  readonly to: QueueStore;
  readonly clock: Clock;
  readonly incarnation: string;
};

/** False when somebody else has taken it. */
async function moveOne(
  entry: QueueEntry,
  { from, to, clock, incarnation }: Move,
  signal: AbortSignal,
): Promise<boolean> {
  const { run } = entry;
  const document = await from.load(entry, signal);
  if (document === undefined) return false;
  const since = clock.now().toISOString();
  const lease = { agent: `migrate-${incarnation.slice(0, 8)}`, incarnation, attempt: run.attempt, since };
  const claim = await from.claim({ entry, lease }, signal);
  if (claim.kind === "lost") return false;
  if (claim.kind === "unknown") throw unknown(run.run_id, claim.message);
  const [result] = await to.enqueue([document], signal);
  if (result === undefined || result.kind === "unknown") throw unknown(run.run_id, result?.message ?? "no answer");
  const { finish } = await from.finish(claim.entry, ended(document, to.location, clock.now()), undefined, signal);
  if (finish.kind === "written") return true;
  throw unknown(run.run_id, finish.kind === "unknown" ? finish.message : "somebody has taken it over");
}

function ended({ run, record }: RunDocument, location: string, now: Date): RunDocument {
  const finished_at = now.toISOString();
  const end = { state: "cancelled", reason: "cancelled", message: `moved to ${location}`, finished_at } as const;
  return { run: { ...run, ...end, updated_at: finished_at }, record: { ...record, ...end } };
}

function unknown(runId: string, said: string): LaunchError {
  return new LaunchError("store-failed", `run "${runId}" may be in both stores (${said}); migrate again`);
}

async function copyDefinitions(
  { definitions: from }: QueueStore,
  { definitions: to }: QueueStore,
  queues: ReadonlySet<string>,
  by: string,
  signal: AbortSignal,
): Promise<Pick<Migrated, "queues" | "uncopied">> {
  const copied: string[] = [];
  const uncopied: string[] = [];
  for (const name of queues) {
    const stored = await from?.read(name, signal);
    if (stored === undefined || (await to?.read(name, signal)) !== undefined) continue;
    const result = await to?.write({ name, text: stored.text, expected: undefined, by }, signal);
    (result?.kind === "written" ? copied : uncopied).push(name);
  }
  return { queues: copied, uncopied };
}
