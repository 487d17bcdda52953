import { formatDuration } from "../core/duration.ts";

const labelWidth = 9;
const timeColumn = 79;

/** `  source   digits @ 3f9c2e1a7b40                                   0.1 s`: label, what happened, how long it took. */
export function phaseLine(label: string, detail: string, elapsedMs: number | undefined): string {
  const line = `  ${label.padEnd(labelWidth)}${detail}`;
  if (elapsedMs === undefined) return line;
  return `${line.padEnd(timeColumn - 3)}   ${formatDuration(elapsedMs)}`;
}
