import { formatCommandLine } from "../../../core/command-line.ts";
import { exitCodes } from "../../../core/errors.ts";
import { toJson } from "../../../core/json.ts";
import type { Enqueued } from "../../../queueing/enqueue-request.ts";
import { phaseLine } from "../../../reporting/phase-line.ts";
import type { OpenQueues } from "../../../stores/choose-store.ts";
import type { SubmitServices } from "../../../submit/submission.ts";
import type { RunFlags } from "../../program/flags.ts";
import { storeFlags } from "../../program/open-runs.ts";
import type { Console } from "../../terminal/console.ts";
import { eventWriter } from "../../terminal/json-log.ts";
import { followRuns } from "../following/follow-runs.ts";

export type FollowEnqueued = {
  readonly enqueued: Enqueued;
  /** Closed at the end. */
  readonly store: OpenQueues["store"];
  readonly flags: RunFlags;
  readonly console: Console;
  readonly services: Pick<SubmitServices, "log" | "state">;
};

/** `launch run -q`: says which runs wait in their queues; with `--wait` they are followed to their ends. */
export async function followEnqueued(request: FollowEnqueued, signal: AbortSignal): Promise<number> {
  const { enqueued, store, flags, console, services } = request;
  try {
    const name = enqueued.group ?? enqueued.runs[0]?.runId ?? "";
    if (flags.json === true) await eventWriter(console.out)("enqueued", jsonOf(request));
    else await console.out.write(`${linesOf(request, name).join("\n")}\n`);
    if (flags.wait !== true) return exitCodes.succeeded;
    const { log, state } = services;
    return await followRuns({ runs: enqueued.runs, names: [name], flags, console, store, state, log }, signal);
  } finally {
    await store.close();
  }
}

function jsonOf({ enqueued: { runs, group, replaced }, store }: FollowEnqueued) {
  return toJson({
    runs: runs.map(({ runId, queue, kind, leg, present }) => ({
      run_id: runId,
      queue,
      state: kind,
      ...(leg === "" ? {} : { with: leg }),
      ...(present === undefined ? {} : { present: present.state }),
    })),
    ...(group === undefined ? {} : { group }),
    replaced,
    store: store.location,
  });
}

function linesOf({ enqueued: { runs, replaced }, flags }: FollowEnqueued, name: string): readonly string[] {
  return [
    ...(runs.length < 2 ? [] : runs.map(({ runId, leg }) => phaseLine("run", `${runId}  ${leg}`.trimEnd(), undefined))),
    ...replaced.map((runId) => phaseLine("replaced", runId, undefined)),
    ...nextLines(flags, name, runs[0]?.queue ?? ""),
  ];
}

/** What can be done with them now. A store's name makes each command too long to stand beside another. */
function nextLines(flags: RunFlags, name: string, queue: string): readonly string[] {
  const command = (...words: readonly string[]): string =>
    formatCommandLine(["launch", ...words, ...storeFlags(flags)]);
  if (flags.wait === true) {
    return [phaseLine("cancel", `${command("cancel", name)}   (Ctrl-C stops the following alone)`, undefined)];
  }
  const commands = [command("wait", name), command("cancel", name), command("queue", "show", queue)];
  return flags.store === undefined
    ? [phaseLine("next", commands.join("   ·   "), undefined)]
    : commands.map((line, index) => phaseLine(index === 0 ? "next" : "", line, undefined));
}
