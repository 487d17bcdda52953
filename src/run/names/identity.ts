import { createHash } from "node:crypto";
import type { RunKey } from "../handle.ts";
import type { RunHead } from "../head.ts";

/*
 * What names an attempt at a run on a machine or in a cluster. A run id is one store's, or one queue's: another may have the same, on the
 * same machine. So the identity is a hash of
 *
 *   the store's own id    kept in the store: whatever the store is called, and by whom, it is the same
 *   the queue
 *   the run id and the attempt
 *   the run's own nonce   made when the run was registered, and kept for its life. Never an agent's: who takes the run over comes to the
 *                         same name
 *
 * A run that no queue holds is its launcher's from its registration to its end: its nonce says all, and its store is not asked before it.
 * One that was written by hand, or before there were nonces, has none.
 */
export function runKeyOf(run: Pick<RunHead, "run_id" | "attempt" | "nonce" | "queued">, storeId: string): RunKey {
  const { run_id: runId, attempt, nonce = "", queued } = run;
  const place = queued === undefined ? ["", ""] : [storeId, queued.queue];
  // As JSON, so that no two lists of parts give one text.
  const text = JSON.stringify(["launch", ...place, runId, attempt, nonce]);
  return { runId, attempt, identity: createHash("sha256").update(text).digest("hex").slice(0, 40) };
}
