import { formatCommandLine } from "../core/command-line.ts";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import { againCommands } from "../reporting/again.ts";
import type { Provenance } from "../run/provenance.ts";
import { isUrl } from "../core/url.ts";
import type { RunRecord } from "../run/record.ts";

/**
 * The spec to run a recorded run again with, from the root of a clone: its commit is pinned, so the clone may be at any other. A run
 * with a patch is not pinned: it is run from its commit with the patch applied.
 */
export function specAgain({ spec: merged, source, queued }: RunRecord): JsonObject {
  // Its queue merges what it says into it again, and may not let a spec say it.
  const spec = queued?.submitted ?? merged;
  const again = Object.fromEntries(Object.entries(spec).filter(([key]) => key !== "run_id"));
  if (source?.kind !== "git" || source.commit === undefined) return again;
  const place = Object.fromEntries(Object.entries(objectOf(spec["git"])).filter(([key]) => key !== "version"));
  const git = { git: source.patch === undefined ? { ...place, version: source.commit } : place };
  return isRemote(spec) ? { ...again, ...git } : { ...again, uri: source.subdirectory ?? ".", ...git };
}

/** The commands that run a recorded run again. `flags` are those that `launch show` needs to find it. */
export function againFromRecord(record: RunRecord, flags: readonly string[]): readonly string[] {
  const { source } = record;
  const show = formatCommandLine(["launch", "show", record.run_id, ...flags, "--spec"]);
  return againCommands({
    runId: record.run_id,
    commit: source?.patch === undefined ? undefined : commitToCheckOut(source),
    patched: source?.patch !== undefined,
    launch: `launch run -c "$(${show})"`,
  });
}

/** What to check out before a run's patch, if it has one, is applied: the patch is onto `base`, and holds the local commits since. */
export function commitToCheckOut(source: Provenance | undefined): string | undefined {
  if (source?.kind !== "git") return undefined;
  return source.patch === undefined ? source.commit : source.base;
}

function isRemote(spec: JsonObject): boolean {
  const { uri } = spec;
  const repository = objectOf(spec["git"])["repo"];
  return repository !== undefined || (typeof uri === "string" && isUrl(uri));
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
