import { LaunchError } from "../core/errors.ts";
import { definitionHash } from "../queues/definition.ts";
import type { Fault } from "../spec/reading/fault.ts";
import { withProfile } from "../spec/config/profile.ts";
import type { Document, QueueLookUp } from "../spec/resolve/resolution.ts";
import { resolveSpec } from "../spec/resolve/resolve.ts";
import type { RunDocument } from "../run/document.ts";
import { sourceRequestOfQueued } from "./queued-source.ts";
import { allowedFolders } from "./source-request.ts";
import { readQueued } from "../run/read-record.ts";
import type { QueuedRecord } from "../run/record.ts";
import type { LaunchRequest } from "./services.ts";

export type CheckAgainRequest = {
  readonly document: RunDocument;
  /** The queue's definition as it is now. */
  readonly definition: QueueLookUp;
  /** The agent's own launch config. */
  readonly config: Document | undefined;
  readonly host: string;
  /** The store is a folder of this machine and this user's own: its submitters are trusted as much as the user is. */
  readonly storeIsOwn: boolean;
};

export type CheckedRun = {
  readonly request: LaunchRequest;
  readonly queued: QueuedRecord;
  /** The definition is no longer the one that the run was enqueued with. */
  readonly definitionChanged: boolean;
};

/**
 * What an agent may run of what it has taken: the submitted spec, merged again with the present definition and held against the agent's
 * own config. What stands in the store is a submitter's word, and whoever can push can change it, so nothing that it says of the
 * outcome of a merge is used. Throws `refused` with the reason.
 */
export async function checkAgain(check: CheckAgainRequest): Promise<CheckedRun> {
  const { document, definition, config } = check;
  const { run } = document;
  const queued = readQueued(document);
  const queue = run.queued?.queue;
  if (queue === undefined || queue !== queued.submitted["queue"]) {
    throw new LaunchError("refused", `run "${run.run_id}" is in another queue than its spec names`);
  }
  const resolution = await resolveSpec({
    spec: { name: run.run_id, text: JSON.stringify(queued.submitted) },
    ...(config === undefined ? {} : { config }),
    overlays: [],
    context: { entity: run.entity, project: run.project, name: run.name },
    queue: {
      role: "agent",
      submittersTrusted: check.storeIsOwn,
      definitionOf: () => Promise.resolve(definition),
    },
  });
  if (resolution.kind === "faults") throw refused(resolution.faults);
  const now = definition.kind === "definition" ? definitionHash(definition.definition) : "";
  const profile = definition.kind === "definition" ? definition.definition.profile : undefined;
  const { spec } = resolution;
  const allowed = allowedFolders(resolution.config);
  const source = sourceRequestOfQueued(queued.source, document.patch, { ...check, allowed });
  if ((source.kind === "image") !== (spec.docker.docker_image !== undefined)) {
    throw new LaunchError("refused", `run "${run.run_id}": its spec and its record name different sources`);
  }
  return {
    queued,
    definitionChanged: now !== queued.definition,
    request: {
      spec: { ...spec, run_id: run.run_id },
      config: withProfile(resolution.config, profile),
      baseDirectory: "/",
      includeUntracked: false,
      source: source.kind === "image" ? { kind: "image", image: spec.docker.docker_image ?? source.image } : source,
      secrets: {},
      warnings: resolution.warnings,
      by: run.by,
      ci: undefined,
    },
  };
}

function refused(faults: readonly Fault[]): LaunchError {
  const messages = faults.map(({ message }) => message);
  const more = messages.length > 1 ? ` (and ${messages.length - 1} more)` : "";
  return new LaunchError("refused", `${messages[0] ?? "refused"}${more}`, { detail: messages.slice(1) });
}
