import { z } from "zod";
import { LaunchError } from "../core/errors.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import type { RunDocument } from "./document.ts";
import type { QueuedRecord } from "./record.ts";

export type { QueuedRecord } from "./record.ts";

const sourceSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("image"), image: z.string() }),
  z.object({
    kind: z.literal("remote"),
    url: z.string(),
    version: z.string(),
    subdirectory: z.string().exactOptional(),
    tree: z.string().exactOptional(),
  }),
  z.object({
    kind: z.literal("directory"),
    path: z.string(),
    host: z.string(),
    include_untracked: z.boolean(),
    tree: z.string().exactOptional(),
  }),
]);

const queuedSchema = z.object({
  queue: z.string(),
  definition: z.string(),
  submitted: z.custom<JsonObject>(isJsonObject),
  source: sourceSchema,
}) satisfies z.ZodType<QueuedRecord>;

/** What a queued run was asked to be. Throws `refused` for a record that says nothing of it, or not in a form that is known. */
export function readQueued({ run, record }: Pick<RunDocument, "run" | "record">): QueuedRecord {
  const read = queuedSchema.safeParse(record["queued"]);
  if (read.success) return read.data;
  throw new LaunchError("refused", `run "${run.run_id}": its record doesn't say what was submitted`);
}
