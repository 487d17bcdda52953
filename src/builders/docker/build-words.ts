import type { BuildStep } from "../../clients/docker/build-progress.ts";
import { counted } from "../../core/counted.ts";

/** What a build did, for people. Steps that run commands (RUN) are where time goes; the others copy files or set fields. */
export function buildWords(steps: readonly BuildStep[]): string {
  const work = steps.filter(({ instruction }) => !/^FROM\b/i.test(instruction));
  const ran = work.filter(({ state }) => state === "ran");
  const commands = work.filter(({ instruction }) => /^RUN\b/i.test(instruction));
  if (ran.length === 0) return "all layers cached";
  if (commands.length > 0 && commands.every(({ state }) => state === "cached")) {
    return "code layer only, dependencies cached";
  }
  return ran.length === work.length
    ? `${counted(ran.length, "step")} run`
    : `${counted(ran.length, "step")} run, ${work.length - ran.length} cached`;
}
