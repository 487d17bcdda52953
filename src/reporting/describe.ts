import { counted } from "../core/counted.ts";
import { formatDuration } from "../core/duration.ts";
import { named, nothingSaid, ours, type Said, say } from "../core/output/said.ts";
import { formatBytes, metricsInWords } from "./words.ts";
import type { Provenance } from "../run/provenance.ts";
import { describeSource } from "../run/source-words.ts";
import type { ResolvedSource } from "../sources/source.ts";
import type { RunRecord } from "../run/record.ts";

/** What came of the source phase: `digits @ 3f9c2e1a7b40 + 2 changed files (patch 1.1 KB)`. */
export function sourceWords(name: string, source: ResolvedSource): Said {
  const { provenance } = source;
  const patch = provenance.patch;
  if (source.kind === "image" || patch === undefined) return say`${named(name)} @ ${sourceAs(provenance)}`;
  const files = counted(patch.files.length, "changed file");
  return say`${named(name)} @ ${ours(provenance.commit?.slice(0, 12) ?? "no commit")} + ${ours(files)} (patch ${ours(formatBytes(patch.bytes))})`;
}

/** A commit is ours to say, an image has the name that somebody gave it. */
function sourceAs(provenance: Provenance): Said {
  const words = describeSource(provenance);
  return provenance.image === undefined ? ours(words) : named(words);
}

/** How a run ended, with its metrics: `succeeded in 2.9 s · accuracy 0.956`. Of a record, which has no secret by then. */
export function doneWords(record: RunRecord, ms: number): Said {
  const words = metricsInWords(record.metrics ?? {}, Number.POSITIVE_INFINITY);
  const metrics = words === "" ? nothingSaid : say` · ${named(words)}`;
  const time = ours(formatDuration(ms));
  if (record.state === "succeeded") return say`succeeded in ${time}${metrics}`;
  if (record.state === "cancelled") return say`cancelled after ${time}`;
  if (record.reason === "exit-code")
    return say`failed (exit-code ${record.exit_code ?? nothingSaid}) after ${time}${metrics}`;
  return say`failed (${ours(record.reason ?? "unknown")}) after ${time}: ${named(record.message ?? "")}${metrics}`;
}
