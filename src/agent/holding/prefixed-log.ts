import { markLines } from "../../core/output/lines.ts";
import { logBefore } from "../../core/output/redacted-log.ts";
import type { Log } from "../../core/output/log.ts";
import { ours, type Said, say } from "../../core/output/said.ts";

/** A run's part of the agent's log: each line starts with its id, as runs of one sweep have one name. */
export function prefixedLog(log: Log, runId: string): Log {
  const mark = Buffer.from(`${runId}  `);
  const prefixed = (said: Said): Said => say`${ours(runId)}  ${said}`;
  const before = logBefore(log, prefixed);
  return {
    ...before,
    phase: (event) => before.phase({ ...event, runId }),
    output: ({ stream, bytes, lines }) => {
      const marked = Buffer.allocUnsafeSlow(bytes.length + lines * mark.length);
      markLines(bytes, mark, marked);
      return log.output({ stream, bytes: marked, lines });
    },
  };
}
