import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { generateSchemas } from "../../../../scripts/generate-schemas.ts";
import { isJsonObject, type Json } from "../../../../src/core/json.ts";
import { resourceArgsSchema, resources } from "../../../../src/resources/index.ts";
import { configJsonSchema, queueJsonSchema, specJsonSchema } from "../../../../src/spec/launch-spec/json-schema.ts";
import { toJson } from "../../../../src/spec/reading/located.ts";
import { parse } from "../../../../src/spec/reading/parse.ts";
import { resolveWritten } from "../../../support/launch/spec.ts";

const root = join(import.meta.dirname, "../../../..");
const ajv = new Ajv({ allowUnionTypes: true });
const accepts = { spec: ajv.compile(specJsonSchema()), config: ajv.compile(configJsonSchema()) };

describe("the JSON Schemas", () => {
  it.each(generateSchemas())("are committed as they are made: $path", ({ path, content }) => {
    expect(readFileSync(join(root, path), "utf8")).toBe(content);
  });

  it("have the resources of the catalog", () => {
    expect(Object.keys(resourceArgsSchema.shape)).toEqual(Object.keys(resources));
  });

  it.each([specJsonSchema(), configJsonSchema(), queueJsonSchema()])("explain every field: $title", (schema) => {
    expect(unexplained(schema, "")).toEqual([]);
  });
});

function unexplained(schema: Json | undefined, path: string): readonly string[] {
  if (!isJsonObject(schema)) return [];
  const { properties, anyOf, items, additionalProperties } = schema;
  const fields = isJsonObject(properties) ? Object.entries(properties) : [];
  const branches = Array.isArray(anyOf) ? anyOf : [];
  return [
    ...fields.flatMap(([name, field]) => [
      ...(isJsonObject(field) && "description" in field ? [] : [`${path}${name}`]),
      ...unexplained(field, `${path}${name}.`),
    ]),
    ...branches.flatMap((branch: Json) => unexplained(branch, path)),
    ...unexplained(items, `${path}*.`),
    ...unexplained(additionalProperties, `${path}*.`),
  ];
}

describe("an editor with the schema and the launcher", () => {
  const specs: readonly (readonly [boolean, string])[] = [
    [true, "uri: ."],
    [true, "image_uri: busybox\ndocker: {user_id: 0}"],
    [
      true,
      "git: {version: v1}\noverrides: {args: [a], entry_point: 'python x', run_config: {a: [1, null]}, files: {c.yaml: {a: 1}}}",
    ],
    [true, "overrides: {args: {lr: 1e-3, on: true}, entry_point: [a, b]}"],
    [
      true,
      "resource: local\nresource_args: {local: {cpus: 2, gpus: all, builder: {base_image: a, cuda: {base_image: b}}}}",
    ],
    [true, "resource: vertex\nresource_args: {gcp-vertex: {spec: {a: 1}, builder: {base_image: a}}}"],
    [true, "resource: local-process\nresource_args: {local-process: {venv: true}}"],
    [true, "env: {A: 1, B: x}\nsecrets: [C]\ntimeout: 3"],
    [
      true,
      "secrets: {C: d}\nqueue: q\npriority: 0\ntemplate_variables: {a: 1}\nslots: {gpu: 1}\nretry: {max_attempts: 2, on: [lost], backoff: 3 s}\noutputs: [a]",
    ],
    [false, "resource: kubernets"],
    [false, "overides: {}"],
    [false, "overrides: {args: 3}"],
    [false, "overrides: {args: [3]}"],
    [false, "overrides: {args: {a: [1]}}"],
    [false, "overrides: {entry_point: []}"],
    [false, "overrides: {dockerfile: ../D}"],
    [false, "name: 3"],
    [false, "name:"],
    [false, "env: {1A: x}"],
    [false, "env: {LAUNCH_X: x}"],
    [false, "secrets: [1A]"],
    [false, "secrets: {A: 3}"],
    [false, "slots: {gpu: 0}"],
    [false, "queue: q\npriority: 4"],
    [false, "retry: {}"],
    [false, "job: a"],
    [false, "builder: {type: docker}"],
    [false, "resource_args: {local: {privileged: true}}"],
    [false, "resource_args: {local: {builder: {base_image: 3}}}"],
    [false, "resource_args: {docker: {}}"],
    [false, "- a"],
  ];
  it.each(specs)("agree (%s) on the spec %j", async (good, spec) => {
    expect(accepts.spec(toJson(parse({ name: "f", text: spec }).tree))).toBe(good);
    expect((await resolveWritten({ spec })).kind).toBe(good ? "resolved" : "faults");
  });

  const configs: readonly (readonly [boolean, string])[] = [
    [true, "builder: {type: docker, destination: a, platform: linux/arm64}"],
    [true, "registry: {type: gcr, region: us-east1, repository: a}\nenvironment: {type: gcp}"],
    [true, "secrets: {a: {env: A}, b: {file: /b}}\nallow: {mounts: [{path: /a, read_only: false}], sources: [git]}"],
    [false, "builder: {type: dcker}"],
    [false, "builder: {}"],
    [false, "registry: {type: ecr, account_id: 123}"],
    [false, "environment: {type: aws}"],
    [false, "secrets: {a: {env: A, file: /b}}"],
    [false, "allow: {mounts: [/a]}"],
    [
      true,
      "queues: [a]\nmax_jobs: -1\nslots: {gpu: auto, licence: 2}\nlease: {ttl: 15 min}\nprofiles: {eu: {builder: {type: noop}}}",
    ],
    [false, "max_jobs: -2"],
    [true, "github_app: {id: 12, installation: 34, private_key: {file: /etc/launch/app.pem}}"],
    [false, "github_app: {id: 12, private_key: {env: APP_KEY}}"],
  ];
  it.each(configs)("agree (%s) on the config %j", async (good, config) => {
    expect(accepts.config(toJson(parse({ name: "f", text: config }).tree))).toBe(good);
    expect((await resolveWritten({ config })).kind).toBe(good ? "resolved" : "faults");
  });
});
