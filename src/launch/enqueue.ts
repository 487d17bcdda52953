import { mkdir, realpath, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { LaunchError } from "../core/errors.ts";
import { toJson } from "../core/json.ts";
import { redactDeep, redactionOf } from "../core/redaction.ts";
import { newRunId, slugOf } from "../core/run.ts";
import { knownTokens } from "../core/token.ts";
import type { ResolvedSource } from "../sources/source.ts";
import type { MergedQueue } from "../spec/resolution.ts";
import type { QueueEntry, QueueStore } from "../stores/queue-store.ts";
import type { QueuedHead, RunDocument } from "../stores/store.ts";
import { cancelEntries } from "./cancel-runs.ts";
import { headOf } from "./journal.ts";
import { openSource, sourceOf } from "./open-source.ts";
import { refuseOutputs } from "./prepare.ts";
import { queuedSourceOf } from "./queued-source.ts";
import { firstRecord, type RunRecord } from "./record.ts";
import { runIdFrom } from "./run-id.ts";
import type { LaunchRequest, Services } from "./services.ts";

/*
 * Enqueueing: every source is found and held against what an agent can reach, then all runs are written in one request. Until then
 * nothing is written; a fault in one of many runs enqueues none.
 */

export type EnqueuedLaunch = {
  readonly request: LaunchRequest;
  readonly queue: MergedQueue;
  /** Tells the runs of one call apart where their ids are made from a key: its place among them, and what it varies. */
  readonly leg: string;
};

export type EnqueueRequest = {
  readonly launches: readonly EnqueuedLaunch[];
  /** The waiting runs of this key are cancelled: these take their place. */
  readonly replace: string | undefined;
  /** The same key makes the same run ids, so that a step that is run again enqueues nothing twice. */
  readonly idempotencyKey: string | undefined;
};

export type EnqueueServices = Omit<Services, "store"> & {
  readonly store: QueueStore;
  /** The store is a folder of this machine, and so are its agents. */
  readonly storeIsHere: boolean;
  readonly storeIsPublic: boolean;
};

export type EnqueuedRun = {
  readonly runId: string;
  readonly name: string;
  readonly queue: string;
  /** `already`: an earlier call with the same key has enqueued it. */
  readonly kind: "enqueued" | "already";
};

export type Enqueued = {
  readonly runs: readonly EnqueuedRun[];
  /** What all of them are known by; undefined for a single one. */
  readonly group: string | undefined;
  /** Ids of the runs that these replace. */
  readonly replaced: readonly string[];
};

/** Writes the runs into their queues. Throws what is wrong with any of them before anything is written. */
export async function enqueue(
  request: EnqueueRequest,
  services: EnqueueServices,
  signal: AbortSignal,
): Promise<Enqueued> {
  for (const { request: launch } of request.launches) refuse(launch);
  const { store, clock, log } = services;
  const started = clock.monotonicMs();
  log.phase({ phase: "queue", status: "started", detail: queuesOf(request) });
  const sources = await resolveSources(request, services, signal);
  const documents = documentsOf(request, sources, services);
  const [first] = documents;
  const group = first?.run.queued?.group;
  const replaceable = await roomAndReplaced(request, documents, services, signal);
  const results = await store.enqueue(documents, signal);
  const runs = documents.map(({ run }, index): EnqueuedRun => {
    const result = results[index];
    if (result === undefined || result.kind === "unknown") {
      throw new LaunchError(
        "store-failed",
        `it is not known whether run "${run.run_id}" was enqueued (${result?.message ?? "no answer"}); look with: launch show ${run.run_id}`,
      );
    }
    return { runId: run.run_id, name: run.name, queue: run.queued?.queue ?? "", kind: result.kind };
  });
  const ids = new Set(runs.map(({ runId }) => runId));
  const old = replaceable.filter(({ run }) => !ids.has(run.run_id));
  const cancelled = await cancelEntries(old, `replaced by ${runs[0]?.runId ?? ""}`, { store, clock }, signal);
  const replaced = cancelled.filter(({ result }) => result === "cancelled").map(({ runId }) => runId);
  const elapsedMs = clock.monotonicMs() - started;
  log.phase({ phase: "queue", status: "ended", detail: enqueuedWords(runs, group), elapsedMs });
  return { runs, group, replaced };
}

function refuse(launch: LaunchRequest): void {
  refuseOutputs(launch);
  const names = Object.keys(launch.secrets);
  if (names.length === 0) return;
  throw new LaunchError(
    "bad-usage",
    `secrets ${names.join(", ")}: a value can't travel with a queued run; name them in the spec's secrets, and give the values in the launch config of the agent`,
  );
}

function queuesOf({ launches }: EnqueueRequest): string {
  return [...new Set(launches.map(({ queue }) => queue.name))].join(", ");
}

function enqueuedWords(runs: readonly EnqueuedRun[], group: string | undefined): string {
  const [only] = runs;
  const again = runs.filter(({ kind }) => kind === "already").length;
  if (only === undefined) return "nothing";
  if (runs.length === 1) return `${only.runId} ${again === 1 ? "is already" : "waits"} in ${only.queue}`;
  const old = again === 0 ? "" : `, ${again} of them from before`;
  return `${runs.length} runs wait in ${only.queue} as ${group ?? ""}${old}`;
}

type Sourced = { readonly source: ResolvedSource; readonly directory: string };

/** Each source once, however many runs are of it. */
async function resolveSources(
  { launches }: EnqueueRequest,
  services: EnqueueServices,
  signal: AbortSignal,
): Promise<readonly Sourced[]> {
  const scratch = services.state.scratchFolder(newRunId("enqueue", services.clock.now()));
  const found = new Map<string, Promise<ResolvedSource>>();
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  try {
    return await Promise.all(
      launches.map(async ({ request }, index) => {
        const asked = sourceOf(request);
        const key = JSON.stringify(asked);
        const own = `${scratch}/${index}`;
        const context = { log: services.log, signal, scratch: own, tokens: services.tokens };
        const source = found.get(key) ?? mkdir(own).then(() => openSource(asked, context));
        found.set(key, source);
        const directory = asked.kind === "checkout" ? asked.directory : resolve(request.baseDirectory);
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

function documentsOf(
  request: EnqueueRequest,
  sources: readonly Sourced[],
  services: EnqueueServices,
): readonly RunDocument[] {
  const { launches, idempotencyKey: key } = request;
  const now = services.clock.now();
  const [first] = launches;
  const name = first?.request.spec.name ?? "";
  const many = launches.length > 1;
  const groupName = `${slugOf(name).slice(0, 20)}-group`;
  const group = many ? (key === undefined ? newRunId(groupName, now) : runIdFrom(groupName, key)) : undefined;
  const taken = new Set<string>();
  return launches.map((launch, index) => {
    const sourced = sources[index];
    if (sourced === undefined) throw new Error("a launch without a source");
    const idOf = (): string => {
      const { spec } = launch.request;
      if (spec.run_id !== undefined) return spec.run_id;
      return key === undefined ? newRunId(spec.name, now) : runIdFrom(spec.name, JSON.stringify([key, launch.leg]));
    };
    let runId = idOf();
    // Many ids of one moment differ in three characters only.
    for (let tries = 0; taken.has(runId) && tries < 100; tries++) runId = idOf();
    if (taken.has(runId)) {
      throw new LaunchError("bad-usage", `two of the runs would have the id "${runId}"; leave run_id out of the spec`);
    }
    taken.add(runId);
    return documentOf(
      { launch, sourced, runId, group, replace: request.replace },
      services,
      new Date(now.getTime() + index),
    );
  });
}

type OneRun = {
  readonly launch: EnqueuedLaunch;
  readonly sourced: Sourced;
  readonly runId: string;
  readonly group: string | undefined;
  readonly replace: string | undefined;
};

function documentOf({ launch, sourced, ...one }: OneRun, services: EnqueueServices, at: Date): RunDocument {
  const { request, queue } = launch;
  const { spec } = request;
  const { source, directory } = sourced;
  const place = {
    directory,
    includeUntracked: request.includeUntracked,
    host: services.launcher.host,
    storeIsHere: services.storeIsHere,
  };
  const queuedSource = queuedSourceOf(source, place);
  const patch = source.kind === "code" && queuedSource.kind === "remote" ? source.patch : undefined;
  if (patch !== undefined && services.storeIsPublic && !request.config.allow.patches_in_public) {
    throw new LaunchError(
      "refused",
      "what is local would travel as a patch, and everybody can read the store; commit it and git push, or set `allow.patches_in_public: true` in the launch config",
    );
  }
  const { name, hash, submitted } = queue;
  const record: RunRecord = {
    ...firstRecord(request, services, one.runId, at),
    attempt: 0,
    state: "queued",
    source: source.provenance,
    queued: { queue: name, definition: hash, submitted, source: queuedSource },
  };
  const clean = redactDeep(record, redactionOf(knownTokens(services.tokens)));
  const queued: QueuedHead = {
    queue: name,
    priority: spec.priority ?? 2,
    enqueued_at: at.toISOString(),
    slots: spec.slots,
    ...(spec.timeout === undefined ? {} : { timeout_ms: spec.timeout }),
    ...(one.group === undefined ? {} : { group: one.group }),
    ...(one.replace === undefined ? {} : { replace: one.replace }),
    definition: hash,
    attempts_max: spec.retry?.max_attempts ?? defaultAttempts,
  };
  return {
    run: { ...headOf(clean), queued },
    record: toJson(clean),
    ...(patch === undefined ? {} : { patch }),
  };
}

/** A run that was preempted or lost is tried again; one that failed by itself is not, unless its spec says so. */
const defaultAttempts = 3;

/** Refuses what a queue has no room for, and finds the waiting runs that these replace. Looks only where there is something to see. */
async function roomAndReplaced(
  { launches, replace }: EnqueueRequest,
  documents: readonly RunDocument[],
  { store }: EnqueueServices,
  signal: AbortSignal,
): Promise<readonly QueueEntry[]> {
  const limits = new Map(launches.map(({ queue }) => [queue.name, queue.definition.limits.waiting]));
  if (replace === undefined && [...limits.values()].every((limit) => limit === undefined)) return [];
  const snapshot = await store.snapshot([...limits.keys()], signal);
  const waiting = snapshot.entries.filter(({ place }) => place === "waiting");
  const replaced = replace === undefined ? [] : waiting.filter(({ run }) => run.queued?.replace === replace);
  const ids = new Set(waiting.map(({ run }) => run.run_id));
  for (const [queue, limit] of limits) {
    if (limit === undefined) continue;
    const there = waiting.filter((entry) => entry.queue === queue && !replaced.includes(entry)).length;
    const added = documents.filter(({ run }) => run.queued?.queue === queue && !ids.has(run.run_id)).length;
    if (there + added <= limit) continue;
    throw new LaunchError(
      "refused",
      `queue "${queue}" takes at most ${limit} waiting runs (limits.waiting): ${there} wait, and ${added} would be added`,
    );
  }
  return replaced;
}
