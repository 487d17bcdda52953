import { z } from "zod";
import { LaunchError } from "../core/errors.ts";
import { jsonObjectField, lineField } from "./fields.ts";

/** An attempt at a run, as a machine or a cluster knows it. `identity` tells it from those of the same id of other stores and queues: see names/identity.ts. */
export type RunKey = { readonly runId: string; readonly attempt: number; readonly identity: string };

export const identityPattern = /^[0-9a-f]{40}$/;

/** Kubernetes takes no more, in names and in labels. */
const longestName = 63;
const shownOfIdentity = 10;
const namePattern = /^launch-(.+)-(\d+)-([0-9a-f]{10})$/;

/** The name of all that there is of an attempt on a machine or in a cluster: it begins as people know the run. */
export function nameOfAttempt({ runId, attempt, identity }: RunKey): string {
  const end = `-${attempt}-${identity.slice(0, shownOfIdentity)}`;
  return `launch-${runId}`.slice(0, longestName - end.length).replace(/-+$/, "") + end;
}

/** What such a name says; undefined for any other. Of a long run id only the start is in it. */
export function readNameOfAttempt(name: string): { readonly runId: string; readonly attempt: number } | undefined {
  const [, runId = "", attempt] = namePattern.exec(name) ?? [];
  return runId === "" || !/^[a-z0-9-]+$/.test(runId) ? undefined : { runId, attempt: Number(attempt) };
}

/** What carries these is of this attempt. What has its name without them is somebody else's: it is left alone. */
export function labelsOfAttempt({ runId, attempt, identity }: RunKey): Readonly<Record<string, string>> {
  return { "launch.run": runId, "launch.attempt": String(attempt), [identityLabel]: identity };
}

export const identityLabel = "launch.identity";

export const handleSchema = z
  .object({
    kind: lineField,
    name: lineField,
    identity: lineField
      .exactOptional()
      .describe("What carries it is this attempt's; what has the name alone is somebody else's."),
    details: jsonObjectField,
  })
  .readonly()
  .describe("Names what was submitted, so that another process can find, follow and end it. Never secret.");

/**
 * Names what was submitted, so that another process can find, follow and end it. Serialisable; never secret. A cluster, a region or a host
 * is in its details by the name that the launch config gives it, never by an address: a handle may come from a store, which others may
 * write to.
 */
export type Handle = z.output<typeof handleSchema>;

/** The handle of an attempt on this machine. It follows from the attempt alone, so a process that knows the run makes the same one. */
export function localHandle(kind: string, key: RunKey): Handle {
  const { runId, attempt, identity } = key;
  return { kind, name: nameOfAttempt(key), identity, details: { run_id: runId, attempt } };
}

/** What a resource may use of a handle. */
export type NamedAttempt = { readonly name: string; readonly identity: string };

/**
 * What a handle names. It is read as a name and an identity that belong together, and nothing else of it (a path, a pid) is believed.
 * Throws for what is no handle of this kind.
 */
export function namedBy(kind: string, { kind: given, name, identity = "" }: Handle): NamedAttempt {
  const belongs = identityPattern.test(identity) && name.endsWith(`-${identity.slice(0, shownOfIdentity)}`);
  if (given === kind && belongs && name.length <= longestName && readNameOfAttempt(name) !== undefined) {
    return { name, identity };
  }
  throw new LaunchError("not-found", `"${name}" (${given}) does not name a run of ${kind}`);
}
