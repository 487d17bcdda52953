import { oneLine } from "../../core/output/terminal-text.ts";
import { type TextLog, type Phase, type TextPhaseEvent, phases } from "../../core/output/log.ts";
import { markedOutput } from "../../reporting/output-marks.ts";
import { phaseEventLine } from "../../reporting/phase-line.ts";
import type { Writer } from "../../core/output/writer.ts";

export type PlainLogRequest = {
  readonly out: Writer;
  readonly err: Writer;
  readonly verbose: boolean;
  readonly raw?: boolean;
  /** A part that lasts longer is announced before its end. */
  readonly longAfterMs?: number;
};

/**
 * For a reader that is no terminal: a line when a part ends, one more when it starts if it turns out to be long, nothing that moves.
 */
export function plainLog({ out, err, verbose, raw = false, longAfterMs = 1_000 }: PlainLogRequest): TextLog {
  const announced = new Map<string, NodeJS.Timeout>();
  const keyOf = ({ runId = "" }: TextPhaseEvent, phase: Phase): string => `${phase} ${runId}`;
  const settle = (key: string): void => {
    clearTimeout(announced.get(key));
    announced.delete(key);
  };
  const line = (event: TextPhaseEvent): void => void out.write(`${phaseEventLine(event)}\n`);
  return {
    phase: (event) => {
      if (event.status === "started") {
        announced.set(keyOf(event, event.phase), setTimeout(() => line(event), longAfterMs).unref());
      } else if (event.status !== "progress") {
        // A run that is done has no part at work, also where one broke off without a word.
        const ended = event.phase === "done" ? phases : [event.phase];
        for (const phase of ended) settle(keyOf(event, phase));
        line(event);
      }
    },
    output: (chunk) => out.hand(markedOutput(chunk, out.columns() !== undefined && !raw)),
    info: (message) => void out.write(`  ${oneLine(message)}\n`),
    warning: (message) => void err.write(`  warning  ${oneLine(message)}\n`),
    debug: (message) => {
      if (verbose) void err.write(`  debug    ${oneLine(message)}\n`);
    },
  };
}
