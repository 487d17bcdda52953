import { oneLine } from "../core/output/terminal-text.ts";
import { formatDuration } from "../core/duration.ts";
import type { TextPhaseEvent } from "../core/output/log.ts";

const labelWidth = 9;
const timeColumn = 79;

/** `  source   digits @ 3f9c2e1a7b40                                   0.1 s`: label, what happened, how long it took. */
export function phaseLine(label: string, detail: string, elapsedMs: number | undefined): string {
  const line = `  ${label.padEnd(labelWidth)}${detail}`;
  if (elapsedMs === undefined) return line;
  return `${line.padEnd(timeColumn - 3)}   ${formatDuration(elapsedMs)}`;
}

/** A part of a launch as a line. Of one that failed it says that alone: why is in `done`, which follows. */
export function phaseEventLine(event: TextPhaseEvent): string {
  const detail = event.status === "failed" && event.phase !== "done" ? "failed" : oneLine(event.detail);
  return phaseLine(event.phase, detail, "elapsedMs" in event ? event.elapsedMs : undefined);
}
