import { LaunchError } from "../core/errors.ts";
import type { JsonObject } from "../core/json.ts";
import type { StoredRun } from "./document.ts";
import type { RunRecord } from "./record.ts";

/** A stored run's record. Throws `unsupported` for one that another version wrote in another form. */
export function readRecord({ record, run }: StoredRun): RunRecord {
  if (isRunRecord(record)) return record;
  throw new LaunchError(
    "unsupported",
    `the record of "${run.run_id}" has schema_version ${JSON.stringify(record["schema_version"] ?? null)}; this version reads 1: use a newer launch, or --json`,
  );
}

/** Sound as long as a `schema_version` keeps its meaning: fields that every record of version 1 has are looked for all the same. */
function isRunRecord(value: JsonObject): value is JsonObject & RunRecord {
  const texts = ["run_id", "name", "resource", "created_at", "state", "by"];
  const lists = ["phases", "args", "warnings"];
  return (
    value["schema_version"] === 1 &&
    texts.every((key) => typeof value[key] === "string") &&
    lists.every((key) => Array.isArray(value[key]))
  );
}
