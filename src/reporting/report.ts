import type { JsonObject } from "../core/json.ts";
import type { Phase } from "../core/output/log.ts";
import type { RunOutcome } from "../run/outcome.ts";

export type PhaseReport = {
  readonly phase: Phase;
  readonly elapsedMs: number;
};

/** What people are told of a finished run: the one model behind the terminal's last lines and the job summary. */
export type RunReport = {
  readonly runId: string;
  readonly name: string;
  readonly outcome: RunOutcome;
  readonly resource: string;
  readonly elapsedMs: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** `3f9c2e1a7b40 + patch`, or an image's reference. */
  readonly source: string;
  /** By digest; undefined when the run had none. */
  readonly image: string | undefined;
  /** How the image came about: "built in 1 min 12 s", "unchanged, not built". */
  readonly imageWords: string | undefined;
  readonly command: readonly string[];
  /** `overrides.run_config`. */
  readonly config: JsonObject;
  readonly phases: readonly PhaseReport[];
  readonly metrics: Readonly<Record<string, number>>;
  /** The redacted end of its log, or of a failed build. */
  readonly lastLines: readonly string[];
  /** Commands that run it again, one a line. */
  readonly again: readonly string[];
};
