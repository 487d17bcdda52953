import { formatCommandLine } from "../core/command-line.ts";
import { mkdir, realpath, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { LaunchError } from "../core/errors.ts";
import { named, nothingSaid, ours, type Said, say } from "../core/output/said.ts";
import { makeOwn } from "../machine/own-folder.ts";
import { newRunId } from "../run/run-id.ts";
import { runWords } from "../reporting/run-words.ts";
import type { RunHead } from "../run/head.ts";
import type { ResolvedSource } from "../sources/source.ts";
import type { EnqueueResult, QueueEntry, QueueStore, Replaced, Replacement } from "../stores/queue-store.ts";
import type { RunDocument } from "../run/document.ts";
import { cancelled, doneOf } from "../run/transitions.ts";
import { cancelEntries } from "./cancel-runs.ts";
import { refuseLaunch, refusePublicPatches, refuseSecretPatches, roomAndReplaced } from "./enqueue-checks.ts";
import type { DraftedRequest, Enqueued, EnqueuedRun, EnqueueRequest, EnqueueServices } from "./enqueue-request.ts";
import { openSource } from "../sources/index.ts";
import { sourceOf } from "../launch/source-request.ts";
import { documentsOf, type Sourced } from "./queued-documents.ts";

export type { Enqueued, EnqueuedLaunch } from "./enqueue-request.ts";

/*
 * Enqueueing: every source is found and held against what an agent can reach, then all runs are written in one request. Until then
 * nothing is written; a fault in one of many runs enqueues none.
 */

/** Writes the runs into their queues. Throws what is wrong with any of them before anything is written. */
export async function enqueue(
  request: EnqueueRequest,
  services: EnqueueServices,
  signal: AbortSignal,
): Promise<Enqueued> {
  for (const launch of request.launches) await refuseLaunch(launch, services);
  const { store, clock, log } = services;
  const started = clock.monotonicMs();
  log.phase({ phase: "queue", status: "started", detail: named(queuesOf(request)) });
  const sources = await resolveSources(request, services, signal);
  const documents = documentsOf(request, sources, services);
  const drafted = { ...request, documents };
  await refuseSecretPatches(drafted, services);
  await refusePublicPatches(drafted, services, signal);
  const group = documents[0]?.run.queued?.group;
  const replaceable = await roomAndReplaced(drafted, services, signal);
  const ids = new Set(documents.map(({ run }) => run.run_id));
  const old = replaceable.filter(({ run }) => !ids.has(run.run_id));
  const why = `replaced by ${documents[0]?.run.run_id ?? ""}`;
  const { results, cancelled: gone } = await writeInPlaceOf({ documents, old, why }, services, signal);
  const runs = await enqueuedRuns({ ...drafted, sources, results }, store, signal);
  // A step that is run again takes nobody's place: those that wait now came after it.
  const isNew = runs.some(({ kind }) => kind === "enqueued");
  const left = isNew ? old.filter(({ run }) => !gone.includes(run.run_id)) : [];
  const ended = await cancelEntries({ entries: left, why }, { store, clock }, signal);
  const replaced = [...gone, ...ended.filter(({ result }) => result === "cancelled").map(({ runId }) => runId)];
  const elapsedMs = clock.monotonicMs() - started;
  log.phase({ phase: "queue", status: "ended", detail: enqueuedWords(runs, group), elapsedMs });
  return { runs, group, replaced };
}

type InPlaceOf = {
  readonly documents: readonly RunDocument[];
  readonly old: readonly QueueEntry[];
  readonly why: string;
};

/** Where the store can't do both at once, what they replace is cancelled behind it. */
async function writeInPlaceOf(
  { documents, old, why }: InPlaceOf,
  { store, clock }: EnqueueServices,
  signal: AbortSignal,
): Promise<Replaced> {
  if (old.length === 0 || store.enqueueReplacing === undefined) {
    return { results: await store.enqueue(documents, signal), cancelled: [] };
  }
  const ends: Replacement["old"][number][] = [];
  for (const entry of old) {
    const document = await store.load(entry, signal);
    if (document !== undefined) ends.push({ entry, document: doneOf(cancelled(document, why, clock.now())) });
  }
  return store.enqueueReplacing({ runs: documents, old: ends }, signal);
}

type Written = DraftedRequest & { readonly sources: readonly Sourced[]; readonly results: readonly EnqueueResult[] };

async function enqueuedRuns(
  { launches, documents, sources, results }: Written,
  store: QueueStore,
  signal: AbortSignal,
): Promise<readonly EnqueuedRun[]> {
  const unknown = results.filter((result) => result.kind === "unknown");
  const [first] = unknown;
  if (first !== undefined) {
    const ids = unknown.map(({ runId }) => runId);
    throw new LaunchError(
      "store-failed",
      `it is not known whether ${ids.length === 1 ? "run" : "runs"} ${ids.join(", ")} could be enqueued (${first.message}); look with: ${formatCommandLine(["launch", "show", first.runId])}`,
    );
  }
  return Promise.all(
    documents.map(async ({ run }, index): Promise<EnqueuedRun> => {
      const { run_id: runId, name, queued, source } = run;
      const kind = results[index]?.kind === "already" ? "already" : "enqueued";
      const present = kind === "already" ? (await store.read(runId, signal))?.run : undefined;
      if (present !== undefined && present.queued?.queue !== queued?.queue) throw isElsewhere(present, store);
      const from = sources[index]?.source.provenance;
      return {
        ...{ runId, name, source, kind, present },
        queue: queued?.queue ?? "",
        leg: launches[index]?.leg ?? "",
        ...(from?.repository === undefined ? {} : { repository: from.repository }),
        ...(from?.commit === undefined ? {} : { commit: from.commit }),
      };
    }),
  );
}

/** An id is of one queue of a store, or of a run that no queue holds. */
function isElsewhere({ run_id: runId, queued }: RunHead, { location }: QueueStore): LaunchError {
  const where = queued === undefined ? "a run that no queue holds" : `a run of queue "${queued.queue}"`;
  return new LaunchError(
    "bad-spec",
    `run_id: "${runId}" is ${where} in ${location}; give another, or leave run_id out`,
  );
}

function queuesOf({ launches }: EnqueueRequest): string {
  return [...new Set(launches.map(({ queue }) => queue.name))].join(", ");
}

function enqueuedWords(runs: readonly EnqueuedRun[], group: string | undefined): Said {
  const [only] = runs;
  const again = runs.filter(({ kind }) => kind === "already").length;
  if (only === undefined) return say`nothing`;
  if (runs.length === 1)
    return again === 1 ? beforeWords(only) : say`${ours(only.runId)} waits in ${named(only.queue)}`;
  const old = again === 0 ? nothingSaid : say`, ${again} of them from before`;
  return say`${runs.length} runs wait in ${named(only.queue)} as ${group ?? ""}${old}`;
}

function beforeWords({ runId, queue, present }: EnqueuedRun): Said {
  if (present === undefined || present.state === "queued")
    return say`${ours(runId)} waits in ${named(queue)} from before`;
  return say`${ours(runId)} is in ${named(queue)} from before: ${runWords(present)}`;
}

/** Each source once, however many runs are of it. */
async function resolveSources(
  { launches }: EnqueueRequest,
  services: EnqueueServices,
  signal: AbortSignal,
): Promise<readonly Sourced[]> {
  const scratch = services.state.scratchFolder(newRunId("enqueue", services.clock.now()));
  const found = new Map<string, Promise<ResolvedSource>>();
  await makeOwn(services.state);
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  try {
    return await Promise.all(
      launches.map(async ({ request }, index) => {
        const asked = await sourceOf(request);
        const key = JSON.stringify(asked);
        const own = `${scratch}/${index}`;
        const context = { log: services.log, signal, scratch: own, tokens: services.tokens };
        const source = found.get(key) ?? mkdir(own).then(() => openSource(asked, context));
        found.set(key, source);
        const directory =
          asked.kind === "checkout" ? join(asked.directory, asked.below ?? "") : resolve(request.baseDirectory);
        return { source: await source, directory: await realpath(directory) };
      }),
    );
  } finally {
    for (const source of await Promise.allSettled(found.values())) {
      if (source.status === "fulfilled" && source.value.kind === "code") await source.value.dispose();
    }
    await rm(scratch, { recursive: true, force: true });
  }
}
