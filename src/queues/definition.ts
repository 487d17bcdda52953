import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalJson, type JsonObject, toJson } from "../core/json.ts";
import { durationField } from "../run/duration-field.ts";

/*
 * A queue's definition: `.launch/queues/<name>.yaml` on the default branch of the store's repository, or a row in Postgres. It is the
 * admin's word, never read from a ref that a submitter can push.
 */

export const queueNamePattern = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

/** The queue that is always there: it takes the spec's resource and has no limits. */
export const defaultQueue = "default";

const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** The part of JSON Schema that a template variable can have. */
const variableSchema = z
  .strictObject({
    type: z.enum(["string", "integer", "number", "boolean"]),
    description: z.string().optional(),
    enum: z.array(scalar).min(1).optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    default: scalar.optional(),
  })
  .refine(
    (schema) => (schema.minimum ?? -Infinity) <= (schema.maximum ?? Infinity),
    "a range: minimum is over maximum",
  );
export type VariableSchema = z.output<typeof variableSchema>;

const variableNamePattern = /^[A-Za-z_][A-Za-z0-9_-]*$/;

export const queueDefinitionSchema = z.strictObject({
  description: z.string().max(500).optional(),
  /** Its name; which there are is not for a queue to know. */
  resource: z.string().optional(),
  /** The resource's own arguments; texts in it may hold `{{variable}}`. */
  resource_args: z.record(z.string(), z.json()).default({}),
  order: z.enum(["priority", "fifo"]).default("priority"),
  ageing: durationField.optional(),
  template_variables: z
    .record(z.string().regex(variableNamePattern), z.strictObject({ schema: variableSchema }))
    .default({}),
  /** What of the resource's arguments a spec may say: all of it, the template variables only, or nothing. */
  overrides: z.enum(["all", "templates", "none"]).default("all"),
  limits: z
    .strictObject({
      running: z.int().min(1).optional(),
      waiting: z.int().min(1).optional(),
      running_per_submitter: z.int().min(1).optional(),
      timeout: z.strictObject({ default: durationField.optional(), max: durationField.optional() }).optional(),
    })
    .default({}),
  profile: z.string().min(1).optional(),
});
export type QueueDefinition = z.output<typeof queueDefinitionSchema>;

/** What a queue is whose file says nothing. */
export function emptyDefinition(): QueueDefinition {
  return queueDefinitionSchema.parse({});
}

/** A definition as one is written, so that it can be kept and read again. */
export function writtenDefinition({ ageing, limits, ...rest }: QueueDefinition): JsonObject {
  const { timeout, ...others } = limits;
  const written = {
    ...rest,
    ...(ageing === undefined ? {} : { ageing: `${ageing}ms` }),
    limits: {
      ...others,
      ...(timeout === undefined
        ? {}
        : { timeout: Object.fromEntries(Object.entries(timeout).map(([name, ms]) => [name, `${ms}ms`])) }),
    },
  };
  return toJson(written);
}

/** Undefined for what no version of us has written. */
export function readWrittenDefinition(written: JsonObject): QueueDefinition | undefined {
  return queueDefinitionSchema.safeParse(written, { jitless: true }).data;
}

/** Names a definition's content: a run carries it, so that a change between enqueue and start is seen. 64 hex digits. */
export function definitionHash(definition: QueueDefinition): string {
  return createHash("sha256")
    .update(canonicalJson(toJson(definition)))
    .digest("hex");
}
