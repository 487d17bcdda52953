import { z } from "zod";
import type {
  Claim,
  ClaimRequest,
  Finished,
  PickingStore,
  PickRequest,
  QueueEntry,
  QueueStore,
} from "../queue-store.ts";
import { schemaVersion } from "../../run/head.ts";
import type { RunDocument } from "../../run/document.ts";
import { heldByNobody } from "../../run/transitions.ts";
import { UnreadableRun } from "../../run/unreadable.ts";
import { documentColumns, documentValues, entryOf, readDocument, timeSchema } from "./rows.ts";
import { newNonce, outcomeSchema } from "./runs.ts";
import type { Session } from "./session.ts";

/** Taking runs, and ending them. */
export function queueClaims(session: Session): Pick<QueueStore, "claim" | "finish"> & { readonly picks: PickingStore } {
  const take = async (name: string, request: object, signal: AbortSignal): Promise<Claim> => {
    const text = `SELECT ${documentColumns("r")}, r.cancel_requested, r.key_time FROM launch.${name}($1) AS r`;
    const result = await session.write(text, [JSON.stringify(request)], signal);
    if (result.kind === "unknown") return result;
    return result.rows[0] === undefined ? { kind: "lost" } : wonOf(session, result.rows[0], signal);
  };
  return {
    claim: (request, signal) => take("claim", claimOf(request), signal),
    finish: (entry, { document, next }, signal) =>
      finish(session, { entry, document, next: next === undefined ? undefined : claimOf(next) }, signal),
    picks: {
      claimNext: (request, signal) => take("claim_next", pickOf(request), signal),
      finishAndClaimNext: (entry, { document, next }, signal) =>
        finish(session, { entry, document, next: pickOf(next) }, signal),
    },
  };
}

function claimOf({ entry, lease }: ClaimRequest): object {
  return { nonce: newNonce(), run_id: entry.run.run_id, version: entry.version, lease };
}

function pickOf({ queue, lease, order, limits, agent, nowMs }: PickRequest): object {
  return {
    nonce: newNonce(),
    queue,
    lease,
    mode: order.mode,
    ageing_ms: order.ageingMs,
    running: limits.running,
    running_per_submitter: limits.runningPerSubmitter,
    free: agent?.free,
    time_left_ms: agent?.timeLeftMs,
    now_ms: nowMs,
    schema: schemaVersion,
  };
}

const aboutSchema = z.object({ cancel_requested: z.boolean(), key_time: timeSchema });

const leasedSchema = z.object({ run_id: z.string(), version: z.string() });

/** What can't be read is put back, with the reason, before anybody starts it. */
async function wonOf(session: Session, row: unknown, signal: AbortSignal): Promise<Claim> {
  try {
    return readWon(row);
  } catch (error) {
    if (!(error instanceof UnreadableRun)) throw error;
    const { run_id: runId, version } = leasedSchema.parse(row);
    await session.write("SELECT launch.set_aside($1, $2, $3)", [runId, version, error.why], signal);
    return { kind: "unreadable", runId, why: error.why };
  }
}

function readWon(row: unknown): Claim {
  const { document, version } = readDocument(row);
  const { cancel_requested: cancelRequested, key_time: time } = aboutSchema.parse(row);
  const entry = entryOf({ place: "leased", version, time, run: document.run, cancelRequested });
  return { kind: "won", entry, document };
}

type FinishRequest = {
  readonly entry: QueueEntry;
  readonly document: RunDocument;
  /** What `claim` or `claim_next` are given. */
  readonly next: object | undefined;
};

const nextColumns = `${documentColumns("(f.next)")}, (f.next).cancel_requested, (f.next).key_time`;

async function finish(session: Session, request: FinishRequest, signal: AbortSignal): Promise<Finished> {
  const { entry, next } = request;
  const document = heldByNobody(request.document);
  const claim = next === undefined ? null : JSON.stringify(next);
  const result = await session.write(
    `SELECT f.outcome, f.current, ${nextColumns} FROM launch.finish($1, $2, $3, $4, $5, $6, $7, $8) AS f`,
    [newNonce(), entry.run.run_id, entry.version, ...documentValues(document), claim],
    signal,
  );
  if (result.kind === "unknown") return { finish: result, next: next === undefined ? undefined : result };
  const [row] = result.rows;
  const { outcome, current } = outcomeSchema.parse(row);
  if (outcome === "conflict" || current === null) {
    return { finish: { kind: "fenced" }, next: next === undefined ? undefined : { kind: "lost" } };
  }
  const written = { ...entry, place: "ended", version: current, run: document.run } as const;
  return {
    finish: { kind: "written", entry: written },
    next: next === undefined ? undefined : await nextOf(session, row, signal),
  };
}

async function nextOf(session: Session, row: unknown, signal: AbortSignal): Promise<Claim> {
  const taken = z.object({ run_id: z.string().nullable() }).parse(row).run_id;
  return taken === null ? { kind: "lost" } : wonOf(session, row, signal);
}
