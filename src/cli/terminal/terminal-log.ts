import { oneLine } from "../../core/output/terminal-text.ts";
import { formatDuration } from "../../core/duration.ts";
import type { TextLog, OutputChunk, TextPhaseEvent } from "../../core/output/log.ts";
import { markedOutput } from "../../reporting/output-marks.ts";
import { phaseEventLine } from "../../reporting/phase-line.ts";
import { truncated } from "../../reporting/words.ts";
import type { Style } from "./style.ts";
import type { Writer } from "../../core/output/writer.ts";

export type TerminalLogRequest = {
  readonly out: Writer;
  readonly style: Style;
  readonly verbose: boolean;
  /** The run's output as it is, with all that a terminal acts on. */
  readonly raw?: boolean;
  readonly monotonicMs: () => number;
  /** Nothing moves before a part has lasted, or the run been silent, for this long. */
  readonly movesAfterMs?: number;
  readonly frameMs?: number;
};

export type TerminalLog = TextLog & { readonly stop: () => void };

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const eraseLine = "\r\u001b[2K";

/**
 * A terminal has one line at its bottom that may move: the part at work, redrawn while nothing else is written.
 * Whatever is written takes it away first, so that it never ends up between the lines that stay.
 */
export function terminalLog(request: TerminalLogRequest): TerminalLog {
  const { out, style, verbose, raw = false, monotonicMs, movesAfterMs = 1_000, frameMs = 120 } = request;
  let current: { readonly event: TextPhaseEvent; readonly since: number } | undefined;
  let quietSince = 0;
  let drawn = false;
  let frame = 0;
  let behind = false;

  const erase = (): void => {
    quietSince = monotonicMs();
    if (drawn) void out.draw(eraseLine);
    drawn = false;
  };
  const write = (text: string): void | Promise<void> => {
    erase();
    return out.write(text);
  };
  const draw = (): void => {
    if (current === undefined || behind) return;
    const now = monotonicMs();
    if (now - Math.max(current.since, quietSince) < movesAfterMs) return;
    const { phase, detail } = current.event;
    const time = formatDuration(now - current.since);
    const text = `${frames[frame++ % frames.length] ?? ""} ${phase.padEnd(9)}${oneLine(detail)}`;
    // A line that wraps could not be erased.
    const room = (out.columns() ?? 80) - time.length - 4;
    void out.draw(`${eraseLine}${style.dim(`${truncated(text, Math.max(room, 10))}   ${time}`)}`);
    drawn = true;
  };
  const timer = setInterval(draw, frameMs).unref();

  const phase = (event: TextPhaseEvent): void => {
    if (event.status === "started") current = { event, since: monotonicMs() };
    else if (event.status === "progress") current = { event, since: current?.since ?? monotonicMs() };
    else {
      // A run says nothing by itself while it is silent; its output is what there is to see.
      const runs = event.phase === "start" && event.status === "ended";
      current = runs
        ? { event: { phase: "run", status: "progress", detail: "running" }, since: monotonicMs() }
        : undefined;
      const line = phaseEventLine(event);
      void write(`${event.status === "failed" ? style.red(line) : line}\n`);
    }
  };
  const output = (chunk: OutputChunk): void | Promise<void> => {
    erase();
    const pending = out.hand(markedOutput(chunk, !raw));
    if (pending === undefined) return undefined;
    behind = true;
    return pending.then(() => {
      behind = false;
    });
  };
  return {
    phase,
    output,
    info: (message) => void write(`  ${oneLine(message)}\n`),
    warning: (message) => void write(`${style.yellow("  warning")}  ${oneLine(message)}\n`),
    debug: (message) => {
      if (verbose) void write(`${style.dim(`  debug    ${oneLine(message)}`)}\n`);
    },
    stop: () => {
      clearInterval(timer);
      void write("");
    },
  };
}
