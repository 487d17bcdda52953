import type { Json } from "../../../src/core/json.ts";
import type { EnqueuedLaunch } from "../../../src/queueing/enqueue.ts";
import { resolveSpec } from "../../../src/spec/resolve/resolve.ts";

type ResolveRequest = Parameters<typeof resolveSpec>[0];

export type QueuedSpec = {
  readonly spec: Readonly<Record<string, Json>>;
  readonly context: ResolveRequest["context"];
  readonly definitionOf: NonNullable<ResolveRequest["queue"]>["definitionOf"];
  /** The folder that relative paths are of. */
  readonly code: string;
  readonly leg: string;
};

/** A spec of a queue as a submitter resolves it, ready to be enqueued. */
export async function queuedLaunch({ spec, context, definitionOf, code, leg }: QueuedSpec): Promise<EnqueuedLaunch> {
  const resolution = await resolveSpec({
    spec: { name: "launch.yaml", text: JSON.stringify(spec) },
    overlays: [],
    context,
    queue: { role: "submitter", submittersTrusted: true, definitionOf },
  });
  if (resolution.kind === "faults") throw new Error(resolution.faults.map(({ message }) => message).join("\n"));
  const { queue, config, warnings } = resolution;
  if (queue === undefined) throw new Error("the spec names no queue");
  const request = {
    spec: resolution.spec,
    config,
    baseDirectory: code,
    includeUntracked: true,
    warnings,
    secrets: {},
    by: "ada",
    ci: undefined,
  };
  return { request, queue, leg };
}
