import { oneLine, jsonText } from "../../core/output/terminal-text.ts";
import { systemClock } from "../../core/clock.ts";
import type { Json } from "../../core/json.ts";
import type { TextLog } from "../../core/output/log.ts";
import type { Writer } from "../../core/output/writer.ts";

/** The version of the events that `--json` prints. Fields are added under the same number; a meaning never changes under it. */
const eventSchemaVersion = 1;

export type JsonLogRequest = {
  readonly out: Writer;
  /** Words for people, so that stdout is JSON alone. */
  readonly err: Writer;
  readonly verbose: boolean;
  readonly now: () => Date;
};

export type EventWriter = (event: string, fields: Readonly<Record<string, Json | undefined>>) => void | Promise<void>;

/** Writes one event as one line of JSON. */
export function eventWriter(out: Writer, now: () => Date = () => systemClock.now()): EventWriter {
  return (event, fields) => out.write(eventLine(event, now(), fields));
}

/** A machine's log: one JSON object a line on stdout, for each phase, line of output, warning and, last, the result. */
export function jsonLog({ out, err, verbose, now }: JsonLogRequest): TextLog {
  const emit = eventWriter(out, now);
  return {
    phase: ({ phase, status, detail, runId, ...rest }) => {
      const elapsed = "elapsedMs" in rest ? rest.elapsedMs : undefined;
      void emit("phase", {
        phase,
        status,
        detail,
        run_id: runId,
        elapsed_ms: elapsed === undefined ? undefined : Math.round(elapsed),
      });
    },
    output: ({ stream, bytes }) => {
      const time = now();
      const lines = bytes.toString().replace(/\n$/, "").split("\n");
      return out.write(lines.map((line) => eventLine("output", time, { stream, text: line })).join(""));
    },
    info: (message) => void emit("info", { message }),
    warning: (message) => {
      void emit("warning", { message });
      void err.write(`warning: ${oneLine(message)}\n`);
    },
    debug: (message) => {
      if (verbose) void emit("debug", { message });
    },
  };
}

function eventLine(event: string, time: Date, fields: Readonly<Record<string, Json | undefined>>): string {
  return `${jsonText({ schema_version: eventSchemaVersion, event, time: time.toISOString(), ...fields })}\n`;
}
