import type { Said } from "./said.ts";

/** The parts of a launch, in their order. */
export const phases = ["queue", "source", "image", "start", "run", "done"] as const;
export type Phase = (typeof phases)[number];

/** One step in a phase's life. `detail` is one line for people; times are in ms. */
export type PhaseEventOf<Words> = {
  readonly phase: Phase;
  readonly detail: Words;
  /** Whose phase it is, where several runs are at work at the same time. */
  readonly runId?: string;
} & (
  | { readonly status: "started" }
  | { readonly status: "progress" }
  | { readonly status: "ended" | "failed"; readonly elapsedMs: number | undefined }
);

export type OutputStream = "stdout" | "stderr";

/**
 * Whole lines of a run's own output, in UTF-8, each ending in a newline; already redacted. Chunks, not lines, and bytes, not text: a job
 * may print 200 MB/s. The bytes are the reader's until `output` returns: what it keeps it copies.
 */
export type OutputChunk = { readonly stream: OutputStream; readonly bytes: Buffer; readonly lines: number };

/**
 * Where progress goes. `output` returns a promise when the reader is slower than the run: await it before the next chunk.
 */
export interface LogOf<Words> {
  phase(event: PhaseEventOf<Words>): void;
  output(chunk: OutputChunk): void | Promise<void>;
  info(message: Words): void;
  warning(message: Words): void;
  debug(message: Words): void;
}

/** As it is written to: of each sentence is known what others wrote of it. */
export type Log = LogOf<Said>;
export type PhaseEvent = PhaseEventOf<Said>;

/** As it is shown, without secrets by then: a terminal, a plain log, JSON lines and GitHub's log are its renderers. */
export type TextLog = LogOf<string>;
export type TextPhaseEvent = PhaseEventOf<string>;

export const silentLog: LogOf<unknown> = {
  phase: () => undefined,
  output: () => undefined,
  info: () => undefined,
  warning: () => undefined,
  debug: () => undefined,
};
