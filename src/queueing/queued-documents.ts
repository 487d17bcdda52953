import { LaunchError } from "../core/errors.ts";
import { canonicalJson } from "../core/json.ts";
import { redactFields } from "../core/output/redacted-fields.ts";
import { newRunId, newRunNonce, slugOf } from "../run/run-id.ts";
import type { ResolvedSource } from "../sources/source.ts";
import type { QueuedHead } from "../run/head.ts";
import type { RunDocument } from "../run/document.ts";
import type { EnqueuedLaunch, EnqueueRequest, EnqueueServices } from "./enqueue-request.ts";
import { queuedSourceOf } from "../launch/queued-source.ts";
import { redactionOfPlace } from "../launch/secrets.ts";
import { recordWords } from "../run/redaction/record-words.ts";
import { firstRecord } from "../launch/first-record.ts";
import { type AskedRecord, enqueued } from "../run/transitions.ts";
import { refuseUnreadable } from "../run/read-record.ts";
import { runIdFrom } from "../run/names/keyed-run-id.ts";

export type Sourced = { readonly source: ResolvedSource; readonly directory: string };

/** The runs as they are written, each with an id of its own. */
export function documentsOf(
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
  const group = many
    ? key === undefined
      ? newRunId(groupName, now)
      : runIdFrom(groupName, keyOf(key, launches))
    : undefined;
  const taken = new Set<string>();
  return launches.map((launch, index) => {
    const sourced = sources[index];
    if (sourced === undefined) throw new Error("a launch without a source");
    const idOf = (): string => {
      const { spec } = launch.request;
      if (spec.run_id !== undefined) return spec.run_id;
      return key === undefined ? newRunId(spec.name, now) : runIdFrom(spec.name, keyOf(key, [launch]));
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

/**
 * What was asked is a part of the key: the jobs of a reusable workflow that is called several times in one run are named alike, and know
 * nothing of their callers' matrix.
 */
function keyOf(key: string, launches: readonly EnqueuedLaunch[]): string {
  return canonicalJson([key, ...launches.map(({ leg, queue }) => [leg, queue.submitted])]);
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
  const { name, hash, submitted } = queue;
  const asked: AskedRecord = {
    ...firstRecord(request, services, { runId: one.runId, created: at, nonce: newRunNonce() }),
    source: source.provenance,
    queued: { queue: name, definition: hash, submitted, source: queuedSource },
  };
  const clean = redactFields(asked, recordWords, redactionOfPlace(request, services));
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
  const document = enqueued(clean, queued);
  refuseUnreadable(document);
  return {
    ...document,
    ...(patch === undefined ? {} : { patch }),
  };
}

/** A run that was preempted or lost is tried again; one that failed by itself is not, unless its spec says so. */
const defaultAttempts = 3;
