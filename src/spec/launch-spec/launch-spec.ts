import { z } from "zod";
import { parseImageReference } from "../../core/image-reference.ts";
import { runIdPattern } from "../../run/run-id.ts";
import { durationField } from "../../run/duration-field.ts";
import { retrySchema } from "../../run/retry.ts";
import { defaultResource, resourceArgsSchema } from "../../resources/index.ts";
import {
  environmentNameField,
  jsonField,
  relativePathField,
  scalarField,
  secretNameField,
  textField,
} from "./fields.ts";
import { splitWords, withInterpreter } from "../reading/words.ts";

const imageField = z
  .string()
  .refine((text) => parseImageReference(text) !== undefined, "an image such as registry.example/team/train:1.2");

/** `resource_args.<resource>.builder`: the base image of a generated Dockerfile, or of a run that mounts its code. */
export const builderArgsSchema = z.strictObject({
  base_image: imageField.optional(),
  accelerator: z.strictObject({ base_image: imageField.optional() }).optional(),
});

const words = z.union([z.array(z.string(), "a list of strings").min(1, "a list with at least one word"), textField]);

/** One string is split into words without a shell; a bare script gets its interpreter. */
const entryPointField = words
  .refine((value) => wordsOf(value).length > 0, "a command; a quote in it is not closed, or it is empty")
  .transform((value) => withInterpreter(wordsOf(value)));

function wordsOf(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? (splitWords(value) ?? []) : value;
}

const priorities = { critical: 0, high: 1, medium: 2, low: 3 } as const;
export type Priority = (typeof priorities)[keyof typeof priorities];

const priorityField = z
  .union(
    [z.enum(["critical", "high", "medium", "low"]), z.literal([0, 1, 2, 3])],
    "critical, high, medium, low, or 0 to 3",
  )
  .transform((value): Priority => (typeof value === "string" ? priorities[value] : value));

const overridesSchema = z.strictObject({
  entry_point: entryPointField.optional(),
  args: z.array(z.string(), "a list of strings").optional(),
  run_config: z.record(z.string(), jsonField).optional(),
  dockerfile: relativePathField.optional(),
  files: z.record(relativePathField, z.record(z.string(), jsonField)).optional(),
});

/**
 * The launch spec in its normal form: W&B's other names for a field are moved to the first, key–value `args` are a list
 * (see normal-form.ts). Its output is what the launcher works with.
 */
export const launchSpecSchema = z.strictObject({
  uri: textField.optional(),
  name: textField.max(128, "at most 128 characters").optional(),
  project: textField.optional(),
  entity: textField.optional(),
  author: textField.optional(),
  run_id: z.string().regex(runIdPattern, "at most 40 lower-case letters, digits and dashes").optional(),
  git: z.strictObject({ repo: textField.optional(), version: textField.optional() }).default({}),
  docker: z
    .strictObject({ docker_image: imageField.optional(), user_id: z.int().min(0).max(4_294_967_294).default(1000) })
    .prefault({}),
  overrides: overridesSchema.default({}),
  resource: z.keyof(resourceArgsSchema).default(defaultResource),
  resource_args: resourceArgsSchema.default({}),
  /** By resource: what is written under `resource_args.<resource>.builder`. */
  builder: z.record(z.string(), builderArgsSchema).default({}),
  queue: textField.max(64, "at most 64 characters").optional(),
  priority: priorityField.optional(),
  template_variables: z.record(z.string(), scalarField).default({}),
  env: z.record(environmentNameField, z.string()).default({}),
  secrets: z
    .record(environmentNameField, secretNameField, "a list of names, or a mapping from variables to names")
    .default({}),
  slots: z.record(z.string().regex(/^[a-z][a-z0-9_-]*$/), z.int().min(1)).default({}),
  timeout: durationField.optional(),
  retry: retrySchema.optional(),
  outputs: z.array(relativePathField, "a list of paths").default([]),
});

type Normalised = z.output<typeof launchSpecSchema>;

/**
 * A launch spec after validation, with the defaults applied. Names are the spec's own; `timeout` and `retry.backoff` are
 * milliseconds, `priority` is 0 (critical) to 3 (low), `secrets` maps a variable to a secret's name, `entry_point` is
 * words. `resource_args` has the resource's own entry even when nothing was written there. `builder` is what was written
 * under the resource's `builder`. `uri` is absent only where an image is the source.
 */
export type LaunchSpec = Readonly<Omit<Normalised, "name" | "project" | "entity" | "builder">> & {
  readonly name: string;
  readonly project: string;
  readonly entity: string;
  readonly builder: z.output<typeof builderArgsSchema>;
};
