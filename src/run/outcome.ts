import { type ErrorCode, exitCodes, LaunchError, messageOf } from "../core/errors.ts";
import type { RunReason } from "./states.ts";

import { formatDuration } from "../core/duration.ts";

/** How a run ended; `message` says it in words, with the value and what to do next. */
export type RunOutcome =
  | { readonly state: "succeeded"; readonly exitCode: 0 }
  | {
      readonly state: "failed" | "cancelled";
      readonly reason: RunReason;
      readonly message: string;
      readonly exitCode?: number;
    };

/** How the work itself ended. Timeouts and cancels are the launcher's: it knows why it ended the run. */
export type ResourceOutcome =
  | { readonly kind: "exited"; readonly exitCode: number }
  | { readonly kind: "signalled"; readonly signal: string; readonly exitCode: number }
  | { readonly kind: "failed"; readonly reason: RunReason; readonly message: string; readonly exitCode?: number };

/** Why the launcher itself ended a run; the resource only saw a signal. */
export type EndedBy =
  { readonly kind: "timeout"; readonly afterMs: number } | { readonly kind: "cancelled" } | undefined;

/** How a run ended, from what the resource saw and from what the launcher did. */
export function outcomeOf(seen: ResourceOutcome, endedBy: EndedBy): RunOutcome {
  const code = seen.exitCode === undefined ? {} : { exitCode: seen.exitCode };
  if (endedBy?.kind === "cancelled") {
    return { state: "cancelled", reason: "cancelled", message: "cancelled while it ran", ...code };
  }
  if (endedBy?.kind === "timeout") {
    const message = `it was still running after its timeout of ${formatDuration(endedBy.afterMs)}; give it more with \`timeout\``;
    return { state: "failed", reason: "timeout", message, ...code };
  }
  switch (seen.kind) {
    case "exited":
      if (seen.exitCode === 0) return { state: "succeeded", exitCode: 0 };
      return { state: "failed", reason: "exit-code", message: `exit code ${seen.exitCode}`, ...code };
    case "signalled":
      return { state: "failed", reason: "signal", message: `ended by ${seen.signal}`, ...code };
    case "failed":
      return { state: "failed", reason: seen.reason, message: seen.message, ...code };
  }
}

/** How a run ended that somebody wanted no more. */
export function cancelledOutcome(message: string): RunOutcome {
  return { state: "cancelled", reason: "cancelled", message };
}

/** How a run ended whose launcher or agent is gone, and it with it. */
export function lostOutcome(message: string): RunOutcome {
  return { state: "failed", reason: "lost", message };
}

const reasonOfCode: Readonly<Record<ErrorCode, RunReason>> = {
  "bad-usage": "refused",
  "bad-spec": "refused",
  "bad-config": "refused",
  unsupported: "refused",
  refused: "refused",
  "not-found": "source-failed",
  "source-failed": "source-failed",
  "patch-failed": "build-failed",
  "build-failed": "build-failed",
  "image-pull": "image-pull",
  "tool-missing": "submit-failed",
  "submit-failed": "submit-failed",
  "store-failed": "submit-failed",
  "store-conflict": "submit-failed",
  "machine-failed": "submit-failed",
  timeout: "timeout",
  cancelled: "cancelled",
};

/** How a run ended that never started, from the error that stopped it. A bug's error is recorded too; its thrower shows the stack. */
export function outcomeOfError(error: unknown): RunOutcome {
  const message = messageOf(error);
  if (!(error instanceof LaunchError)) return { state: "failed", reason: "submit-failed", message };
  if (error.code === "cancelled")
    return { state: "cancelled", reason: "cancelled", message: "cancelled before it started" };
  return { state: "failed", reason: reasonOfCode[error.code], message };
}

const refusals: readonly RunReason[] = ["refused"];
const failuresOfTheRun: readonly RunReason[] = ["exit-code", "signal", "timeout", "out-of-memory", "build-failed"];

/** Exit code of the CLI for a run that ended so: 1 the run failed, 2 it was refused, 3 the infrastructure did. */
export function exitCodeOfOutcome(outcome: RunOutcome): number {
  if (outcome.state === "succeeded") return exitCodes.succeeded;
  if (outcome.state === "cancelled") return exitCodes.cancelled;
  if (refusals.includes(outcome.reason)) return exitCodes.usage;
  return failuresOfTheRun.includes(outcome.reason) ? exitCodes.runFailed : exitCodes.infrastructure;
}

/** The exit code for several runs: that of the worst. The infrastructure's failures hide what a run may have come to. */
export function worstExitCode(codes: readonly number[]): number {
  const { infrastructure, runFailed, usage, cancelled, succeeded } = exitCodes;
  return [infrastructure, runFailed, usage, cancelled].find((code) => codes.includes(code)) ?? succeeded;
}
