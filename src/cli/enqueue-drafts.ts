import { formatCommandLine } from "../core/command-line.ts";
import { exitCodes } from "../core/errors.ts";
import { toJson } from "../core/json.ts";
import type { Services } from "../launch/services.ts";
import { enqueue, type Enqueued, type EnqueuedLaunch } from "../launch/enqueue.ts";
import type { OpenQueues } from "../launch/store-choice.ts";
import { phaseLine } from "../reporting/phase-line.ts";
import type { Console } from "./console.ts";
import type { RunFlags } from "./flags.ts";
import { eventWriter } from "./json-log.ts";
import { storeFlags } from "./open-runs.ts";
import { followRuns } from "./follow-runs.ts";

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
  const runs = enqueued.runs.map((run, index) => ({ ...run, leg: launches[index]?.leg ?? "" }));
  const { log, state } = services;
  return followRuns({ runs, names: [name], flags, console, store: queues.store, state, log }, signal);
}

function jsonOf({ runs, group, replaced }: Enqueued, { store }: OpenQueues) {
  return toJson({
    runs: runs.map(({ runId, queue, kind }) => ({ run_id: runId, queue, state: kind })),
    ...(group === undefined ? {} : { group }),
    replaced,
    store: store.location,
  });
}

async function showEnqueued(
  { launches, flags, console }: EnqueueDrafts,
  enqueued: Enqueued,
  name: string,
): Promise<void> {
  const line = (...words: readonly string[]): string => formatCommandLine(["launch", ...words, ...storeFlags(flags)]);
  const { runs, replaced } = enqueued;
  const lines = [
    ...(runs.length < 2
      ? []
      : runs.map(({ runId }, index) =>
          phaseLine("run", `${runId}  ${launches[index]?.leg ?? ""}`.trimEnd(), undefined),
        )),
    ...replaced.map((runId) => phaseLine("replaced", runId, undefined)),
    flags.wait === true
      ? phaseLine("cancel", `${line("cancel", name)}   (Ctrl-C stops the following alone)`, undefined)
      : phaseLine(
          "next",
          `${line("wait", name)}   ·   ${line("cancel", name)}   ·   ${line("queue", "show", runs[0]?.queue ?? "")}`,
          undefined,
        ),
  ];
  await console.out.write(`${lines.join("\n")}\n`);
}
