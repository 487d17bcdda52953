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
import { followRuns } from "./wait-command.ts";

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
  return followRuns({ runs: enqueued.runs, name, flags, console, store: queues.store, log: services.log }, signal);
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
  const store = flags.store === undefined ? [] : ["--store", flags.store];
  const line = (...words: readonly string[]): string => formatCommandLine(["launch", ...words, ...store]);
  const { runs, replaced } = enqueued;
  const lines = [
    ...(runs.length < 2
      ? []
      : runs.map(({ runId }, index) =>
          phaseLine("run", `${runId}  ${launches[index]?.leg ?? ""}`.trimEnd(), undefined),
        )),
    ...replaced.map((runId) => phaseLine("replaced", runId, undefined)),
    phaseLine(
      "next",
      `${line("wait", name)}   ·   ${line("cancel", name)}   ·   ${line("queue", "show", runs[0]?.queue ?? "")}`,
      undefined,
    ),
  ];
  await console.out.write(`${lines.join("\n")}\n`);
}
