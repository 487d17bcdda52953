import { oneLine } from "../../core/output/terminal-text.ts";
import { systemClock } from "../../core/clock.ts";
import { exitCodes } from "../../core/errors.ts";
import { interruption } from "../../core/interruption.ts";
import { countLines } from "../../core/output/lines.ts";
import type { OutputChunk } from "../../core/output/log.ts";
import { isFinal } from "../../run/states.ts";
import type { LogChunk } from "../../machine/log-file.ts";
import { readLog, type RunOutput } from "../../inspect/logs.ts";
import type { Console } from "../terminal/console.ts";
import type { LogsFlags } from "../program/flags.ts";
import { jsonLog } from "../terminal/json-log.ts";
import { withRuns } from "../program/open-runs.ts";

/**
 * `launch logs`: a run's stdout on stdout and its stderr on stderr, as it was printed. On a terminal colours are all that is left of control
 * sequences, as a log is often somebody else's; `--raw` leaves them all.
 */
export async function logsCommand(run: string, flags: LogsFlags, console: Console): Promise<number> {
  const { out, err } = console;
  const interrupted = interruption({ onFirst: () => undefined, onForce: () => process.exit(exitCodes.cancelled) });
  const json = jsonLog({ out, err, verbose: false, now: () => systemClock.now() });
  try {
    return await withRuns(flags, console, async ({ store, state }) => {
      const request = { run, follow: flags.follow === true };
      const { origin, chunks } = await readLog(request, { store, state, clock: systemClock }, interrupted.signal);
      if (origin.kind === "tail" && flags.json !== true) await err.write(tailWords(origin, flags.follow === true));
      for await (const chunk of chunks) {
        if (out.isGone()) break;
        if (flags.json === true) await json.output(asOutput(chunk));
        else {
          const target = chunk.stream === "stdout" ? out : err;
          await (flags.raw === true ? target.draw(chunk.text) : target.write(chunk.text));
        }
      }
      return exitCodes.succeeded;
    });
  } finally {
    interrupted.stop();
  }
}

/** What is to be had away from the machine of a run, and where the rest is. */
function tailWords(
  { whole, run, unreadable }: RunOutput["origin"] & { readonly kind: "tail" },
  follow: boolean,
): string {
  if (unreadable !== undefined) return `(what the store has of it; run "${run.run_id}": ${oneLine(unreadable)})\n`;
  if (isFinal(run.state)) return whole === undefined ? "" : `(the end of it; the whole log: ${whole})\n`;
  const agent = run.lease?.agent;
  const where = whole !== undefined ? `: ${whole}` : agent === undefined ? "" : `, where ${agent} is`;
  const wait = follow ? "waiting for it" : "launch logs -f waits for it";
  return agent === undefined && whole === undefined
    ? `(${run.run_id} has no output yet: it waits; ${wait})\n`
    : `(the log is on its machine${where}; the end of it comes here when the run has ended, and ${wait})\n`;
}

function asOutput({ stream, text }: LogChunk): OutputChunk {
  const bytes = Buffer.from(text);
  return { stream, bytes, lines: countLines(bytes) };
}
