/** The parts of a launch, in their order. */
export const phases = ["queue", "source", "image", "start", "run", "done"] as const;
export type Phase = (typeof phases)[number];

/** One step in a phase's life. `detail` is one line for people; times are in ms. */
export type PhaseEvent = {
  readonly phase: Phase;
  readonly detail: string;
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
 * Where progress goes. A terminal, a plain log, JSON lines and GitHub's log are its renderers.
 * `output` returns a promise when the reader is slower than the run: await it before the next chunk.
 */
export interface Log {
  phase(event: PhaseEvent): void;
  output(chunk: OutputChunk): void | Promise<void>;
  info(message: string): void;
  warning(message: string): void;
  debug(message: string): void;
}

export const silentLog: Log = {
  phase: () => undefined,
  output: () => undefined,
  info: () => undefined,
  warning: () => undefined,
  debug: () => undefined,
};
