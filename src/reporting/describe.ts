import { counted } from "../core/counted.ts";
import { formatDuration } from "../core/duration.ts";
import { formatBytes, metricsInWords } from "./words.ts";
import { describeSource } from "../run/source-words.ts";
import type { ResolvedSource } from "../sources/source.ts";
import type { RunRecord } from "../run/record.ts";

/** What came of the source phase: `digits @ 3f9c2e1a7b40 + 2 changed files (patch 1.1 KB)`. */
export function sourceWords(name: string, source: ResolvedSource): string {
  const { provenance } = source;
  const patch = provenance.patch;
  if (source.kind === "image" || patch === undefined) return `${name} @ ${describeSource(provenance)}`;
  const files = counted(patch.files.length, "changed file");
  return `${name} @ ${provenance.commit?.slice(0, 12) ?? "no commit"} + ${files} (patch ${formatBytes(patch.bytes)})`;
}

/** How a run ended, with its metrics: `succeeded in 2.9 s · accuracy 0.956`. */
export function doneWords(record: RunRecord, ms: number): string {
  const words = metricsInWords(record.metrics ?? {}, Number.POSITIVE_INFINITY);
  const metrics = words === "" ? "" : ` · ${words}`;
  const time = formatDuration(ms);
  if (record.state === "succeeded") return `succeeded in ${time}${metrics}`;
  if (record.state === "cancelled") return `cancelled after ${time}`;
  if (record.reason === "exit-code") return `failed (exit-code ${record.exit_code ?? ""}) after ${time}${metrics}`;
  return `failed (${record.reason ?? "unknown"}) after ${time}: ${record.message ?? ""}${metrics}`;
}
