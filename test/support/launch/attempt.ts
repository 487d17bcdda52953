import { existsSync, readdirSync } from "node:fs";
import type { StateDirectory } from "../../../src/core/state-directory.ts";
import { nameOfAttempt, type RunKey } from "../../../src/run/handle.ts";
import { runKeyOf } from "../../../src/run/names/identity.ts";

/** An attempt at a run that no queue holds, and that was registered without a nonce, as test documents are. */
export function attemptKey(runId: string, attempt = 1): RunKey {
  return runKeyOf({ run_id: runId, attempt }, "");
}

export function attemptName(runId: string, attempt = 1): string {
  return nameOfAttempt(attemptKey(runId, attempt));
}

/** The name of an attempt that was launched with this state folder: there must be one of this run id and number. */
export function attemptIn({ runs }: StateDirectory, runId: string, attempt = 1): string {
  const found = existsSync(runs)
    ? readdirSync(runs).filter((name) => name.startsWith(`launch-${runId}-${attempt}-`))
    : [];
  if (found[0] === undefined || found.length > 1) throw new Error(`${found.length} attempts ${attempt} at ${runId}`);
  return found[0];
}
