import { LaunchError } from "../../core/errors.ts";
import { isJsonObject, type JsonObject } from "../../core/json.ts";
import { runIdPattern } from "../../core/run.ts";
import { runHeadSchema } from "../run-head.ts";
import type { RunDocument, RunHead } from "../store.ts";

/*
 * A run's ref and what is in its tip's tree: run.json (the head), record.json, patch.diff and tail.txt, the last two only where there
 * is one. The tip's parent is the event before.
 */
export const runRefs = "refs/launch/v1/r/";
export const runFiles = { head: "run.json", record: "record.json", patch: "patch.diff", tail: "tail.txt" } as const;

/** A head is a few hundred bytes: what is far beyond is not ours. */
export const maxHeadBytes = 256 * 1024;
export const maxFileBytes = 128 * 1024 * 1024;

export function runRef(runId: string): string {
  return `${runRefs}${runId}`;
}

/** The run id in a ref's name; undefined for a name that no launch made. */
export function runIdOf(ref: string): string | undefined {
  const runId = ref.slice(runRefs.length);
  return ref.startsWith(runRefs) && runIdPattern.test(runId) ? runId : undefined;
}

/** A document as the files of a tree. Parts that it leaves out are left out here too. */
export function filesOf(document: RunDocument): Readonly<Record<string, string | Uint8Array>> {
  return {
    [runFiles.head]: jsonText(document.run),
    [runFiles.record]: jsonText(document.record),
    ...(document.patch === undefined ? {} : { [runFiles.patch]: document.patch }),
    ...(document.tail === undefined ? {} : { [runFiles.tail]: document.tail }),
  };
}

function jsonText(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

const schemaVersion = 1;

export type ReadHead =
  { readonly kind: "run"; readonly run: RunHead } | { readonly kind: "unreadable"; readonly why: string };

/** Reads a head. What can't be read says why, and is left alone by everyone. */
export function readHead(runId: string, content: Uint8Array | undefined): ReadHead {
  const unreadable = (why: string): ReadHead => ({ kind: "unreadable", why });
  if (content === undefined) return unreadable("its objects are missing or damaged");
  const value = parsedObject(content);
  if (value === undefined) return unreadable(`its ${runFiles.head} is not a JSON object`);
  const version = value["schema_version"];
  if (typeof version === "number" && version > schemaVersion) {
    return unreadable(`it was written by a newer launch (schema_version ${version}, this one reads ${schemaVersion})`);
  }
  const parsed = runHeadSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return unreadable(`its ${runFiles.head} is wrong at "${issue?.path.join(".") ?? ""}": ${issue?.message ?? ""}`);
  }
  if (parsed.data.run_id !== runId) return unreadable(`its ${runFiles.head} is another run's: "${parsed.data.run_id}"`);
  return { kind: "run", run: parsed.data };
}

/** Reads a record, which is opaque here but for being a JSON object. */
export function readRecord(runId: string, content: Uint8Array | undefined): JsonObject {
  const value = content === undefined ? undefined : parsedObject(content);
  if (value !== undefined) return value;
  throw new LaunchError("store-failed", `run "${runId}": its ${runFiles.record} is missing or damaged in the store`);
}

function parsedObject(content: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(content).toString());
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
