import type { BuildStep } from "../../clients/docker/build-progress.ts";

/** What a build did, for people. Steps that run commands (RUN) are where time goes; the others copy files or set fields. */
export function builtSummary(steps: readonly BuildStep[]): string {
  const work = steps.filter(({ instruction }) => !/^FROM\b/i.test(instruction));
  const ran = work.filter(({ state }) => state === "ran");
  const commands = work.filter(({ instruction }) => /^RUN\b/i.test(instruction));
  if (ran.length === 0) return "all layers cached";
  if (commands.length > 0 && commands.every(({ state }) => state === "cached")) {
    return "code layer only, dependencies cached";
  }
  return ran.length === work.length
    ? `${plural(ran.length)} run`
    : `${plural(ran.length)} run, ${work.length - ran.length} cached`;
}

function plural(steps: number): string {
  return steps === 1 ? "1 step" : `${steps} steps`;
}
