import { oneLine } from "../core/output/terminal-text.ts";
import { formatDuration } from "../core/duration.ts";
import type { RunOutcome } from "../run/outcome.ts";

/** `succeeded in 2.9 s`, `failed (exit-code 1) after 41 s`, `cancelled after 3.0 s`. */
export function outcomeInWords(outcome: RunOutcome, elapsedMs: number): string {
  const time = formatDuration(elapsedMs);
  if (outcome.state === "succeeded") return `succeeded in ${time}`;
  if (outcome.state === "cancelled") return `cancelled after ${time}`;
  return `failed (${reasonInWords(outcome)}) after ${time}`;
}

function reasonInWords(outcome: RunOutcome & { readonly state: "failed" | "cancelled" }): string {
  const code = outcome.reason === "exit-code" && outcome.exitCode !== undefined ? ` ${outcome.exitCode}` : "";
  return `${outcome.reason}${code}`;
}

/** Numbers as people read them: integers whole, others to four significant digits. */
export function formatMetric(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  return String(Number(value.toPrecision(4)));
}

/** `accuracy 0.956 · loss 0.214`, at most `limit` of them. */
export function metricsInWords(metrics: Readonly<Record<string, number>>, limit: number): string {
  return Object.entries(metrics)
    .slice(0, limit)
    .map(([name, value]) => `${oneLine(name)} ${formatMetric(value)}`)
    .join(" · ");
}

/** An image reference for people: its digest cut to 12 digits. */
export function shortImage(reference: string): string {
  return reference.replace(/(sha256:[0-9a-f]{12})[0-9a-f]{52}$/, "$1…");
}

export function truncated(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}

/** `1 line`, `1,204 lines`. */
export function formatLines(count: number): string {
  return `${count.toLocaleString("en")} ${count === 1 ? "line" : "lines"}`;
}

/** `1.1 KB`, `3.4 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const units = ["KB", "MB", "GB", "TB"];
  let value = bytes / 1_000;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1_000;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit] ?? ""}`;
}
