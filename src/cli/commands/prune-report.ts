import { formatCommandLine } from "../../core/command-line.ts";
import { oneLine } from "../../core/output/terminal-text.ts";
import { type JsonObject, toJson } from "../../core/json.ts";
import type { PrunedMachine } from "../../machine/prune-machine.ts";
import type { Pruned } from "../../machine/prune-runs.ts";
import type { SweptRun } from "../../machine/sweep.ts";
import { counted } from "../../core/counted.ts";
import { formatBytes, shortImage } from "../../reporting/words.ts";

/** What a prune has done, or would do. */
export type PruneReport = {
  readonly dryRun: boolean;
  readonly swept: readonly SweptRun[];
  readonly runs: Pruned;
  readonly machine: PrunedMachine;
};

/** For people: a line for each thing, and what came of it all. */
export function pruneLines({ dryRun, swept, runs, machine }: PruneReport): readonly string[] {
  const { images } = machine;
  const verb = dryRun ? "would remove" : "removed";
  return [
    ...swept.map(sweptLine),
    ...runs.removed.map((run) => `${verb} ${run.run_id}`),
    ...unreadableIn(runs).map(({ runId, why }) =>
      oneLine(
        `left ${runId}, which can't be read: ${why}; ${formatCommandLine(["launch", "prune", runId])} takes it away`,
      ),
    ),
    ...runs.changed.map((runId) => `left ${runId}: it changed meanwhile`),
    ...machine.logs.map((log) => `${verb} the log and outputs of ${log.name} (${formatBytes(log.bytes)})`),
    ...machine.environments.map((each) => `${verb} the Python environment ${each.name} (${formatBytes(each.bytes)})`),
    ...images.removed.map((image) => `${verb} the image ${shortImage(image.name)} (${formatBytes(image.bytes)})`),
    ...images.kept.map(({ name, why }) => `left the image ${shortImage(name)}: ${why}`),
    ...(images.problem === undefined ? [] : [`images could not be looked at: ${images.problem}`]),
    `${verb} ${counted(runs.removed.length, "run")}, kept ${runs.kept.length}; ${freedWords(dryRun, runs, machine)}`,
  ];
}

function sweptLine(run: SweptRun): string {
  if (run.kind === "swept") return `ended ${run.runId}, whose launcher was killed`;
  if (run.kind === "unreadable") return `left ${run.runId}: ${run.message}`;
  return `${run.runId} could not be taken away whole: ${run.message}`;
}

/** Left alone by everyone: what it is, and where it ends, nobody knows. */
function unreadableIn({ kept }: Pruned) {
  return kept.filter((item) => item.kind === "unreadable");
}

/** What images take is said apart: of the layers that they share with others nothing is freed. */
function freedWords(dryRun: boolean, runs: Pruned, machine: PrunedMachine): string {
  const { images } = machine;
  const freed = formatBytes(folderBytes(runs, machine));
  const inImages = images.removed.length === 0 ? "" : `, and of images up to ${formatBytes(imageBytes(images))}`;
  return `${dryRun ? "it would free" : "freed"} ${freed}${inImages}`;
}

function folderBytes(runs: Pruned, { logs, environments }: PrunedMachine): number {
  return [...logs, ...environments].reduce((sum, { bytes }) => sum + bytes, runs.bytes);
}

function imageBytes({ removed }: PrunedMachine["images"]): number {
  return removed.reduce((sum, { bytes }) => sum + bytes, 0);
}

export function pruneJson({ dryRun, swept, runs, machine }: PruneReport): JsonObject {
  return toJson({
    dry_run: dryRun,
    swept,
    removed: runs.removed,
    changed: runs.changed,
    kept: runs.kept.length,
    unreadable: unreadableIn(runs).map(({ runId, why }) => ({ run_id: runId, why })),
    logs: machine.logs,
    environments: machine.environments,
    images: machine.images,
    freed_bytes: folderBytes(runs, machine),
    image_bytes: imageBytes(machine.images),
  });
}
