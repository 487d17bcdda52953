import { markLines } from "../../core/output/lines.ts";
import type { Log, PhaseEvent } from "../../core/output/log.ts";

/** A run's part of the agent's log: each line starts with its id, as runs of one sweep have one name. */
export function prefixedLog(log: Log, runId: string): Log {
  const prefix = `${runId}  `;
  const mark = Buffer.from(prefix);
  const prefixed = (event: PhaseEvent): PhaseEvent => ({ ...event, detail: prefix + event.detail, runId });
  return {
    phase: (event) => log.phase(prefixed(event)),
    output: ({ stream, bytes, lines }) => {
      const marked = Buffer.allocUnsafeSlow(bytes.length + lines * mark.length);
      markLines(bytes, mark, marked);
      return log.output({ stream, bytes: marked, lines });
    },
    info: (message) => log.info(prefix + message),
    warning: (message) => log.warning(prefix + message),
    debug: (message) => log.debug(prefix + message),
  };
}
