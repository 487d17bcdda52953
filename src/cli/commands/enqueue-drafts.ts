import { formatCommandLine } from "../../core/command-line.ts";
import { exitCodes } from "../../core/errors.ts";
import { toJson } from "../../core/json.ts";
import type { Services } from "../../launch/services.ts";
import { enqueue } from "../../queueing/enqueue.ts";
import type { Enqueued, EnqueuedLaunch } from "../../queueing/enqueue-request.ts";
import type { OpenQueues } from "../../stores/choose-store.ts";
import { phaseLine } from "../../reporting/phase-line.ts";
import type { Console } from "../terminal/console.ts";
import type { RunFlags } from "../program/flags.ts";
import { eventWriter } from "../terminal/json-log.ts";
import { storeFlags } from "../program/open-runs.ts";
import { followRuns } from "./following/follow-runs.ts";

export type EnqueueDrafts = {
  readonly launches: readonly EnqueuedLaunch[];
  readonly services: Omit<Services, "store">;
  readonly queues: OpenQueues;
  readonly flags: RunFlags;
  readonly console: Console;
};

/** `launch run -q`: the runs wait in their queues; with `--wait` they are followed to their ends. */
export async function enqueueDrafts(request: EnqueueDrafts, signal: AbortSignal): Promise<number> {
  const { launches, services, queues, flags, console } = request;
  const enqueued = await enqueue(
    { launches, replace: flags.replace, idempotencyKey: undefined },
    { ...services, ...queues },
    signal,
  );
  const name = enqueued.group ?? enqueued.runs[0]?.runId ?? "";
  if (flags.json === true) await eventWriter(console.out)("enqueued", jsonOf(enqueued, queues));
  else await showEnqueued(request, enqueued, name);
  if (flags.wait !== true) return exitCodes.succeeded;
  const { log, state } = services;
  return followRuns({ runs: enqueued.runs, names: [name], flags, console, store: queues.store, state, log }, signal);
}

function jsonOf({ runs, group, replaced }: Enqueued, { store }: OpenQueues) {
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

async function showEnqueued(request: EnqueueDrafts, enqueued: Enqueued, name: string): Promise<void> {
  const { console } = request;
  const { runs, replaced } = enqueued;
  const lines = [
    ...(runs.length < 2 ? [] : runs.map(({ runId, leg }) => phaseLine("run", `${runId}  ${leg}`.trimEnd(), undefined))),
    ...replaced.map((runId) => phaseLine("replaced", runId, undefined)),
    ...nextLines(request, name, runs[0]?.queue ?? ""),
  ];
  await console.out.write(`${lines.join("\n")}\n`);
}

/** What can be done with them now. A store's name makes each command too long to stand beside another. */
function nextLines({ flags }: EnqueueDrafts, name: string, queue: string): readonly string[] {
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
