import type { Log, TextLog } from "../../core/output/log.ts";
import { systemClock } from "../../core/clock.ts";
import { ownRedaction } from "../../core/output/own-secrets.ts";
import { redactedLog } from "../../core/output/redacted-log.ts";
import type { Console } from "./console.ts";
import { jsonLog } from "./json-log.ts";
import { plainLog } from "./plain-log.ts";
import { inCi } from "./style.ts";
import { terminalLog } from "./terminal-log.ts";

export type OpenLog = { readonly log: Log; readonly stop: () => void };

/** The log for this reader: JSON when asked for, a terminal that may be drawn on, else plain lines. */
export function openLog(
  console: Console,
  { json, verbose, raw }: { json: boolean; verbose: boolean; raw: boolean },
): OpenLog {
  const { out, err, style, environment } = console;
  const nothing = (): void => undefined;
  const opened = (log: TextLog, stop = nothing): OpenLog => ({
    log: redactedLog(log, ownRedaction(environment)),
    stop,
  });
  if (json) return opened(jsonLog({ out, err, verbose, now: () => systemClock.now() }));
  if (!console.interactive || inCi(environment)) return opened(plainLog({ out, err, verbose, raw }));
  const log = terminalLog({ out, style, verbose, raw, monotonicMs: () => systemClock.monotonicMs() });
  return opened(log, log.stop);
}
