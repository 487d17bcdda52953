import { systemClock } from "../core/clock.ts";
import { exitCodes } from "../core/errors.ts";
import { interruption } from "../core/interruption.ts";
import { countLines } from "../core/lines.ts";
import type { OutputChunk } from "../core/log.ts";
import type { LogChunk } from "../launch/log-file.ts";
import { readLog } from "../launch/logs.ts";
import { withoutControls } from "../reporting/markdown.ts";
import type { Console } from "./console.ts";
import type { LogsFlags } from "./flags.ts";
import { jsonLog } from "./json-log.ts";
import { withRuns } from "./open-runs.ts";

/**
 * `launch logs`: a run's stdout on stdout and its stderr on stderr, as it was printed. On a terminal control sequences are taken out:
 * a log is often somebody else's.
 */
export async function logsCommand(run: string, flags: LogsFlags, console: Console): Promise<number> {
  const { out, err } = console;
  const interrupted = interruption({ onFirst: () => undefined, onForce: () => process.exit(exitCodes.cancelled) });
  const json = jsonLog({ out, err, verbose: false, now: () => systemClock.now() });
  try {
    return await withRuns(flags, console, async ({ store, state }) => {
      const request = { run, follow: flags.follow === true };
      const { origin, chunks } = await readLog(request, { store, state, clock: systemClock }, interrupted.signal);
      if (origin.kind === "tail" && origin.whole !== undefined && flags.json !== true) {
        await err.write(`(the end of it; the whole log: ${origin.whole})\n`);
      }
      for await (const chunk of chunks) {
        if (out.isGone()) break;
        if (flags.json === true) await json.output(asOutput(chunk));
        else {
          const target = chunk.stream === "stdout" ? out : err;
          await target.write(target.columns() === undefined ? chunk.text : withoutControls(chunk.text));
        }
      }
      return exitCodes.succeeded;
    });
  } finally {
    interrupted.stop();
  }
}

function asOutput({ stream, text }: LogChunk): OutputChunk {
  const bytes = Buffer.from(text);
  return { stream, bytes, lines: countLines(bytes) };
}
