import { z } from "zod";
import { builders } from "../builders/index.ts";
import { environments } from "../environments/index.ts";
import { registries } from "../registries/index.ts";
import { resources } from "../resources/index.ts";
import { sources } from "../sources/index.ts";
import { absolutePathField, secretNameField, textField } from "./fields.ts";

const mountSchema = z.strictObject({ path: absolutePathField, read_only: z.boolean().default(true) });

/** What specs may use; a list that is absent allows all of its kind, but mounts are none. */
const allowSchema = z.strictObject({
  resources: z.array(z.enum(Object.keys(resources)), "a list of resources").optional(),
  sources: z.array(z.enum(Object.keys(sources)), "a list of sources").optional(),
  mounts: z.array(mountSchema, "a list of {path, read_only}").default([]),
  network: z.array(textField, "a list of networks").optional(),
  patches_in_public: z.boolean().default(false),
});

const secretOriginSchema = z.union(
  [
    z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of a variable") }),
    z.strictObject({ file: absolutePathField }),
  ],
  "{env: NAME} or {file: PATH} with an absolute path",
);

export const launchConfigSchema = z.strictObject({
  entity: textField.optional(),
  project: textField.optional(),
  environment: z.union(Object.values(environments).map((kind) => kind.schema)).optional(),
  registry: z.union(Object.values(registries).map((kind) => kind.schema)).optional(),
  builder: z.union(Object.values(builders).map((kind) => kind.schema)).optional(),
  store: textField.optional(),
  secrets: z.record(secretNameField, secretOriginSchema).default({}),
  allow: allowSchema.prefault({}),
});

/**
 * A launch config after validation, with the defaults applied. `builder` absent: chosen at launch. The keys of
 * `allow` that are absent allow all.
 */
export type LaunchConfig = Readonly<z.output<typeof launchConfigSchema>>;
