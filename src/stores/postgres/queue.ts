import { z } from "zod";
import { queuedOf } from "../queued-run.ts";
import type {
  CancelResult,
  EnqueueResult,
  LeaseWrite,
  QueueEntry,
  QueueStore,
  Replaced,
  Replacement,
} from "../queue-store.ts";
import type { Row } from "../../clients/postgres/database.ts";
import { parseKey } from "../../queues/key.ts";
import type { RunDocument } from "../../run/document.ts";
import { UnreadableRun } from "../../run/unreadable.ts";
import { asWaiting, heldByNobody, placedDocument } from "../../run/transitions.ts";
import { documentColumns, documentValues, entryOf, headText, readDocument, timeSchema } from "./rows.ts";
import { newNonce, outcomeSchema } from "./runs.ts";
import type { Session } from "./session.ts";

/** What waits is read whole for a list; far beyond this a list is of no use to anyone. */
export const maxWaiting = 100_000;
/** In one statement: all or none. */
const maxBatch = 25;

type EntryWrites = Pick<
  QueueStore,
  "enqueue" | "enqueueReplacing" | "load" | "progress" | "release" | "cancel" | "move" | "putUnread"
>;

/** The changes of a queue that take no lease. */
export function queueWrites(session: Session): EntryWrites {
  return {
    enqueue: async (runs, signal) => {
      return (await enqueueAll(session, { runs, old: [] }, signal)).results;
    },
    enqueueReplacing: (replacement, signal) => enqueueAll(session, replacement, signal),
    load: async (entry, signal) => {
      const text = `SELECT ${documentColumns("r")} FROM launch.runs r WHERE r.run_id = $1 AND r.version = $2`;
      const [row] = await session.read(text, [entry.run.run_id, entry.version], signal);
      return row === undefined ? undefined : documentIn(row, entry);
    },
    progress: (entry, document, signal) => {
      const leased = leasedAs(entry, document);
      return changeEntry(session, { name: "progress", entry, document: leased, place: "leased" }, signal);
    },
    release: (entry, document, signal) =>
      changeEntry(session, { name: "release", entry, document: asWaiting(document), place: "waiting" }, signal),
    move: (entry, document, signal) =>
      changeEntry(session, { name: "requeue", entry, document: asWaiting(document), place: "waiting" }, signal),
    cancel: (entry, document, signal) => cancel(session, { entry, document: heldByNobody(document) }, signal),
    putUnread: async ({ key, version }, place, signal) => {
      const runId = parseKey(key)?.runId;
      if (runId === undefined) return false;
      const text = "SELECT outcome, current FROM launch.put_unread($1, $2, $3, $4)";
      const result = await session.write(text, [newNonce(), runId, version, place], signal);
      if (result.kind === "unknown") throw session.unreachable(result.message);
      return outcomeSchema.parse(result.rows[0]).outcome === "written";
    },
  };
}

/** None of a run that can't be read: who writes it is fenced. */
function documentIn(row: Row, { place }: QueueEntry): RunDocument | undefined {
  try {
    return placedDocument(readDocument(row).document, place);
  } catch (error) {
    if (error instanceof UnreadableRun) return undefined;
    throw error;
  }
}

/** A leased run's document says who has it: the one that takes it over, and else whoever had it, where its writer left that out. */
function leasedAs({ run }: QueueEntry, document: RunDocument): RunDocument {
  const lease = document.run.lease ?? run.lease;
  return lease === undefined ? document : { ...document, run: { ...document.run, lease } };
}

async function enqueueAll(session: Session, { runs, old }: Replacement, signal: AbortSignal): Promise<Replaced> {
  const results: EnqueueResult[] = [];
  const cancelled: string[] = [];
  for (let at = 0; at < runs.length; at += maxBatch) {
    const batch = { runs: runs.slice(at, at + maxBatch).map(asWaiting), old: at === 0 ? old : [] };
    const done = await enqueueBatch(session, batch, signal);
    results.push(...done.results);
    cancelled.push(...done.cancelled);
  }
  return { results, cancelled };
}

const enqueuedSchema = z.object({
  nonce: z.string(),
  outcome: z.enum(["enqueued", "already", "cancelled"]),
  key_time: timeSchema,
});

async function enqueueBatch(session: Session, { runs, old }: Replacement, signal: AbortSignal): Promise<Replaced> {
  const versions = runs.map(newNonce);
  const ends = old.map(({ entry, document }) => ({ entry, ...heldByNobody(document), nonce: newNonce() }));
  for (const { run } of runs) queuedOf(run);
  const added = [
    versions,
    runs.map(({ run }) => run.run_id),
    runs.map(({ run }) => headText(run)),
    runs.map(({ record }) => JSON.stringify(record)),
    runs.map(({ patch }) => (patch === undefined ? null : Buffer.from(patch))),
    runs.map(({ tail }) => (tail === undefined ? null : Buffer.from(tail))),
  ];
  const ended = [
    ends.map(({ nonce }) => nonce),
    ends.map(({ entry }) => entry.run.run_id),
    ends.map(({ entry }) => entry.version),
    ends.map(({ run }) => headText(run)),
    ends.map(({ record }) => JSON.stringify(record)),
  ];
  const columns = "SELECT nonce, outcome, key_time FROM";
  const written = await (old.length === 0
    ? session.write(`${columns} launch.enqueue($1, $2, $3, $4, $5, $6, $7)`, [maxWaiting, ...added], signal)
    : session.write(
        `${columns} launch.enqueue_replacing($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
        [...added, ...ended],
        signal,
      ));
  if (written.kind === "unknown") {
    const results = runs.map(
      ({ run: { run_id: runId } }) => ({ kind: "unknown", runId, message: written.message }) as const,
    );
    return { results, cancelled: [] };
  }
  const rows = z.array(enqueuedSchema).parse(written.rows);
  const timeOf = new Map(rows.filter(({ outcome }) => outcome !== "already").map((row) => [row.nonce, row.key_time]));
  const results = runs.map((document, index) => resultOf(document, versions[index] ?? "", timeOf));
  return { results, cancelled: ends.filter(({ nonce }) => timeOf.has(nonce)).map(({ entry }) => entry.run.run_id) };
}

function resultOf({ run }: RunDocument, version: string, timeOf: ReadonlyMap<string, number>): EnqueueResult {
  const time = timeOf.get(version);
  if (time === undefined) return { kind: "already", runId: run.run_id };
  return { kind: "enqueued", entry: entryOf({ place: "waiting", version, time, run, cancelRequested: false }) };
}

type EntryChange = {
  /** Of the function that does it. */
  readonly name: string;
  readonly entry: QueueEntry;
  readonly document: RunDocument;
  readonly place: QueueEntry["place"];
};

const movedSchema = outcomeSchema.extend({ key_time: timeSchema.nullable() });

async function changeEntry(session: Session, change: EntryChange, signal: AbortSignal): Promise<LeaseWrite> {
  const { name, entry, document, place } = change;
  const values = [newNonce(), entry.run.run_id, entry.version, ...documentValues(document)];
  const text = `SELECT outcome, current, key_time FROM launch.${name}($1, $2, $3, $4, $5, $6, $7)`;
  const result = await session.write(text, values, signal);
  if (result.kind === "unknown") return result;
  const { outcome, current, key_time: time } = movedSchema.parse(result.rows[0]);
  if (outcome === "conflict" || current === null || time === null) return { kind: "fenced" };
  const cancelRequested = name === "requeue" ? false : entry.cancelRequested;
  return { kind: "written", entry: entryOf({ place, version: current, time, run: document.run, cancelRequested }) };
}

async function cancel(
  session: Session,
  { entry, document }: Pick<EntryChange, "entry" | "document">,
  signal: AbortSignal,
): Promise<CancelResult> {
  if (entry.place === "ended") return "ended";
  if (entry.place === "waiting") {
    const ended = await changeEntry(session, { name: "cancel_waiting", entry, document, place: "ended" }, signal);
    if (ended.kind === "written") return "cancelled";
    if (ended.kind === "unknown") throw unsettled(session, entry, ended.message);
    return "changed";
  }
  const text = "SELECT place FROM launch.request_cancel($1)";
  const result = await session.write(text, [entry.run.run_id], signal);
  if (result.kind === "unknown") throw unsettled(session, entry, result.message);
  const place = placeSchema.safeParse(result.rows[0]).data?.place;
  if (place === "leased") return "requested";
  return place === "waiting" ? "changed" : "ended";
}

const placeSchema = z.object({ place: z.string() });

function unsettled(session: Session, { run }: QueueEntry, message: string): Error {
  return session.unreachable(`run "${run.run_id}" may be cancelled or not: ${message}`);
}
