import { z } from "zod";
import { builders } from "../../builders/index.ts";
import { clouds } from "../../environments/index.ts";
import { queueNamePattern } from "../../queues/definition.ts";
import { registries } from "../../registries/index.ts";
import { resources } from "../../resources/index.ts";
import { sources } from "../../sources/index.ts";
import { durationField } from "../../run/duration-field.ts";
import { absolutePathField, secretNameField, textField } from "../launch-spec/fields.ts";

const mountSchema = z.strictObject({ path: absolutePathField, read_only: z.boolean().default(true) });

/** A kind of source, or a folder of this machine that a spec's `uri` may name. */
const sourceSchema = z.union(
  [z.enum(Object.keys(sources)), absolutePathField],
  `${Object.keys(sources).join(", ")} or the absolute path of a folder`,
);

/** What specs may use; a list that is absent, or of sources has folders only, allows all of its kind, but mounts are none. */
const allowSchema = z.strictObject({
  resources: z.array(z.enum(Object.keys(resources)), "a list of resources").optional(),
  sources: z.array(sourceSchema, "a list of sources").optional(),
  mounts: z.array(mountSchema, "a list of {path, read_only}").default([]),
  network: z.array(textField, "a list of networks").optional(),
  /** Whether a build may reach the builder's network, also by a Dockerfile's own ADD of a URL. */
  build_network: z.boolean().default(true),
  patches_in_public: z.boolean().default(false),
  /** Queued runs as processes of the agent's own user, which can read what it can: `trusted` says that submitters may. */
  local_process: z.enum(["refused", "trusted"]).default("refused"),
});

const queueField = z.string().regex(queueNamePattern, "a queue's name: a-z, 0-9 and -, at most 64 characters");

/** What a queue's `profile` chooses, and the config itself says for queues without one. */
const placeSchema = z.strictObject({
  environment: z.union(Object.values(clouds).map((kind) => kind.schema)).optional(),
  registry: z.union(Object.values(registries).map((kind) => kind.schema)).optional(),
  builder: z.union(Object.values(builders).map((kind) => kind.schema)).optional(),
});

/** How long an agent may be silent before others take its runs, and how often it says that it is there. */
const leaseSchema = z.strictObject({ ttl: durationField.optional(), heartbeat: durationField.optional() });

const secretOriginSchema = z.union(
  [
    z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of a variable") }),
    z.strictObject({ file: absolutePathField }),
  ],
  "{env: NAME} or {file: PATH} with an absolute path",
);

/** The number at the end of a page's URL. */
const numberField = z.int("a whole number").positive("a whole number from 1");

/** A GitHub App that this place is: its tokens are for that GitHub, and are renewed. */
const gitHubAppSchema = z.strictObject({
  id: numberField,
  installation: numberField,
  private_key: secretOriginSchema,
});

export const launchConfigSchema = z.strictObject({
  entity: textField.optional(),
  project: textField.optional(),
  ...placeSchema.shape,
  store: textField.optional(),
  github_app: gitHubAppSchema.optional(),
  queues: z.array(queueField, "a list of queues' names").min(1, "a list with at least one queue").optional(),
  max_jobs: z
    .int()
    .min(-1)
    .refine((value) => value !== 0, "a whole number from 1, or -1 for no limit")
    .optional(),
  slots: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_-]*$/, "a slot's name: a-z, 0-9, _ and -"),
      z.union([z.int().min(0), z.literal("auto"), z.array(textField)], "a whole number, auto, or a list of devices"),
    )
    .default({}),
  lease: leaseSchema.default({}),
  profiles: z.record(z.string(), placeSchema).default({}),
  secrets: z.record(secretNameField, secretOriginSchema).default({}),
  allow: allowSchema.prefault({}),
});

/**
 * A launch config after validation, with the defaults applied. `builder` absent: chosen at launch. The keys of
 * `allow` that are absent allow all. `queues`, `max_jobs`, `slots` and `lease` are an agent's; durations are ms.
 */
export type LaunchConfig = Readonly<z.output<typeof launchConfigSchema>>;
