import type { z } from "zod";
import { LaunchError } from "../core/errors.ts";
import { isJsonObject } from "../core/json.ts";

/* What is said of a document that somebody else wrote, and that can't be read. It is left alone by everyone. */

/** The newest that this version reads. */
export const schemaVersion = 1;

export type Newer = { readonly schema_version: number };

/** Thrown for one run that can't be read, whatever the others are. */
export class UnreadableRun extends LaunchError {
  readonly why: string;

  constructor(runId: string, { why, isNewer }: { readonly why: string; readonly isNewer?: boolean }) {
    super(isNewer === true ? "unsupported" : "store-failed", `run "${runId}" can't be read: ${why}`);
    this.why = why;
  }
}

/** Of a schema that came after ours. */
export function isNewer(value: unknown): value is Newer {
  if (!isJsonObject(value)) return false;
  const { schema_version: version } = value;
  return typeof version === "number" && version > schemaVersion;
}

export function newerWords({ schema_version: version }: Newer): string {
  return `it was written by a newer launch (schema_version ${version}, this one reads ${schemaVersion})`;
}

/** `its run.json is wrong at "queued.priority": …`. The place may be somebody's text too. */
export function whyUnreadable({ issues }: z.ZodError, called: string): string {
  const [issue] = issues;
  const path = (issue?.path ?? []).map((part) => clipped(String(part))).join(".");
  const place = path === "" ? "" : ` at ${JSON.stringify(path)}`;
  return `its ${called} is wrong${place}: ${clipped(issue?.message ?? "")}`;
}

const longestPart = 200;

function clipped(text: string): string {
  return text.length > longestPart ? `${text.slice(0, longestPart)}…` : text;
}
