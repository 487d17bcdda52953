import { isJsonObject, type Json, type JsonObject, toJson } from "../core/json.ts";
import { againCommands } from "../reporting/again.ts";
import { isUrl } from "./intake.ts";
import type { RunRecord } from "./record.ts";

/**
 * The spec to run a recorded run again with, from the root of a clone: its commit is pinned, so the clone may be at any other. A run
 * with a patch is not pinned: it is run from its commit with the patch applied.
 */
export function specAgain({ spec, source }: RunRecord): JsonObject {
  const again = asWritten(spec);
  if (source?.kind !== "git" || source.commit === undefined) return again;
  const git = source.patch === undefined ? { git: { ...objectOf(spec["git"]), version: source.commit } } : {};
  return isRemote(spec) ? { ...again, ...git } : { ...again, uri: source.subdirectory ?? ".", ...git };
}

/** A resolved spec as one that can be resolved again: durations with their unit, the builder's part where specs have it, no empty parts. */
function asWritten(resolved: JsonObject): JsonObject {
  const { builder, timeout, retry, resource, resource_args: args } = resolved;
  const name = typeof resource === "string" ? resource : "";
  const own = objectOf(objectOf(args)[name]);
  const built = isEmpty(objectOf(builder)) ? own : { ...own, builder: objectOf(builder) };
  const spec: Record<string, Json | undefined> = {
    ...resolved,
    run_id: undefined,
    builder: undefined,
    resource_args: isEmpty(built) ? {} : { [name]: built },
    timeout: durationOf(timeout),
    retry: isJsonObject(retry) ? toJson({ ...retry, backoff: durationOf(retry["backoff"]) }) : undefined,
  };
  const entries = Object.entries(spec).flatMap(([key, value]) =>
    value === undefined || isEmpty(value) ? [] : [[key, value] as const],
  );
  return Object.fromEntries(entries);
}

/** A resolved duration is milliseconds; a bare number in a spec is seconds. */
function durationOf(value: Json | undefined): string | undefined {
  return typeof value === "number" ? `${value}ms` : undefined;
}

function isEmpty(value: Json): boolean {
  return Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}

/** The commands that run a recorded run again. `flags` are those that `launch show` needs to find it. */
export function againFromRecord(record: RunRecord, flags: readonly string[]): readonly string[] {
  const { source } = record;
  const show = ["launch", "show", record.run_id, ...flags, "--spec"].join(" ");
  return againCommands({
    runId: record.run_id,
    commit: source?.kind === "git" && source.patch !== undefined ? source.commit : undefined,
    patched: source?.patch !== undefined,
    launch: `launch run -c "$(${show})"`,
  });
}

function isRemote(spec: JsonObject): boolean {
  const { uri } = spec;
  const repository = objectOf(spec["git"])["repo"];
  return repository !== undefined || (typeof uri === "string" && isUrl(uri));
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
