import type { Log, TextLog } from "../../src/core/output/log.ts";
import { logBefore } from "../../src/core/output/redacted-log.ts";
import { textOf } from "../../src/core/output/said.ts";

/** What is said to a log, as text, and with all that is in it. */
export function saidTo(log: TextLog): Log {
  return logBefore(log, textOf);
}
