import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { queueDefinitionSchema } from "../../../../src/queues/definition.ts";
import { formatOrigin } from "../../../../src/spec/reading/fault.ts";
import { readDefinition } from "../../../../src/spec/queue-definition/queue-definition.ts";
import type { QueueResolution, Resolution } from "../../../../src/spec/resolve/resolution.ts";
import { resolveSpec } from "../../../../src/spec/resolve/resolve.ts";

type Asked = {
  readonly definition: unknown;
  readonly spec: string;
  readonly config?: string;
  readonly role?: QueueResolution["role"];
  readonly submittersTrusted?: boolean;
};

/** Resolves a spec of the queue `gpu`. */
function resolveQueued({
  definition,
  spec,
  config,
  role = "submitter",
  submittersTrusted = false,
}: Asked): Promise<Resolution> {
  const parsed = queueDefinitionSchema.parse(definition);
  return resolveSpec({
    spec: { name: "launch.yaml", text: `queue: gpu\n${spec}` },
    ...(config === undefined ? {} : { config: { name: "launch-config.yaml", text: config } }),
    overlays: [],
    context: { entity: "octocat", project: "digits" },
    queue: {
      role,
      submittersTrusted,
      definitionOf: (queue) =>
        Promise.resolve(
          queue === "gpu"
            ? ({ kind: "definition", definition: parsed } as const)
            : ({ kind: "missing", known: ["default", "gpu"] } as const),
        ),
    },
  });
}

async function faultsOf(asked: Asked): Promise<readonly string[]> {
  const resolution = await resolveQueued(asked);
  if (resolution.kind === "resolved") return [];
  return resolution.faults.map(
    (fault) => `${fault.line === 0 ? fault.file : formatOrigin({ kind: "place", ...fault })} ${fault.message}`,
  );
}

const container = {
  resource: "local-container",
  resource_args: { cpus: "{{cpus}}", gpus: "all", builder: { base_image: "python" } },
  template_variables: { cpus: { schema: { type: "integer", minimum: 1, maximum: 4, default: 2 } } },
};

describe("a spec of a queue", () => {
  it("gets the queue's resource, its arguments with variables filled in, and its timeout", async () => {
    const resolution = await resolveQueued({
      definition: { ...container, limits: { timeout: { default: "1 h", max: "2 h" } } },
      spec: "template_variables: {cpus: '3'}\nresource_args: {local-container: {gpus: '1'}}\n",
    });
    expect(resolution).toMatchObject({
      kind: "resolved",
      spec: {
        resource: "local-container",
        resource_args: { "local-container": { cpus: 3, gpus: "1" } },
        builder: { base_image: "python" },
        timeout: 3_600_000,
      },
      queue: { name: "gpu" },
    });
  });

  it("carries what was submitted, which merged again gives the same", async () => {
    const definition = { ...container, overrides: "templates" };
    const first = await resolveQueued({ definition, spec: "template_variables: {cpus: 4}\nenv: {A: 1}\n" });
    if (first.kind === "faults" || first.queue === undefined) throw new Error("it has faults");
    const { submitted, hash } = first.queue;
    expect(submitted).toEqual({
      queue: "gpu",
      name: "digits",
      project: "digits",
      entity: "octocat",
      template_variables: { cpus: 4 },
      env: { A: "1" },
    });
    const again = await resolveQueued({ definition, spec: "", role: "agent", submittersTrusted: false });
    expect(again.kind).toBe("resolved");
    const merged = await resolveSpec({
      spec: { name: "run", text: JSON.stringify(submitted) },
      overlays: [],
      context: { entity: "", project: "" },
      queue: {
        role: "agent",
        submittersTrusted: false,
        definitionOf: () =>
          Promise.resolve({
            kind: "definition",
            definition: first.queue?.definition ?? queueDefinitionSchema.parse({}),
          }),
      },
    });
    if (merged.kind === "faults") throw new Error("it has faults");
    expect(merged.spec).toEqual(first.spec);
    expect(merged.queue?.hash).toBe(hash);
  });

  const small = { ...container, overrides: "templates" };
  it.each<[string, Asked, string]>([
    [
      "another resource",
      { definition: container, spec: "resource: local-process\n" },
      'launch.yaml:2:11 resource is local-process, and queue "gpu" runs on local-container',
    ],
    [
      "a value out of range",
      { definition: container, spec: "template_variables: {cpus: 9}\n" },
      'launch.yaml:2:28 queue "gpu": template variable "cpus" is 9; it must be at most 4 (integer, 1 to 4)',
    ],
    [
      "an unknown variable",
      { definition: container, spec: "template_variables: {cpu: 1}\n" },
      'launch.yaml:2:27 queue "gpu": there is no template variable "cpu": the queue has cpus',
    ],
    [
      "arguments where only variables may be",
      { definition: small, spec: "resource_args: {local-container: {gpus: all}}\n" },
      'launch.yaml:2:34 resource_args.local-container: queue "gpu" has overrides: templates, so a run can choose by template_variables alone: cpus (integer, 1 to 4)',
    ],
    [
      "a base image where only variables may be",
      { definition: small, spec: "resource_args: {local-container: {builder: {base_image: x}}}\n" },
      'launch.yaml:2:44 resource_args.local-container.builder: queue "gpu" has overrides: templates',
    ],
    [
      "variables where nothing may be",
      { definition: { ...container, overrides: "none" }, spec: "template_variables: {cpus: 1}\n" },
      'template_variables: queue "gpu" has overrides: none, so it takes no template_variables',
    ],
    [
      "a timeout over the queue's",
      { definition: { limits: { timeout: { max: "1 h" } } }, spec: "timeout: 2 h\n" },
      'launch.yaml:2:10 timeout is 2 h, and queue "gpu" allows at most 1 h',
    ],
  ])("is refused with %s, where it stands", async (_, asked, words) => {
    const [first = "none"] = await faultsOf(asked);
    expect(first).toContain(words);
  });

  it("names a queue that is there", async () => {
    const resolution = await resolveSpec({
      spec: { name: "launch.yaml", text: "queue: gup\n" },
      overlays: [],
      context: { entity: "", project: "" },
      queue: {
        role: "submitter",
        submittersTrusted: false,
        definitionOf: () => Promise.resolve({ kind: "missing", known: ["default", "gpu"] }),
      },
    });
    expect(resolution).toMatchObject({
      faults: [{ line: 1, message: 'there is no queue "gup"; did you mean "gpu"?' }],
    });
  });

  it("is checked against the agent's config by the agent, and not by the submitter", async () => {
    const asked = {
      definition: {},
      spec: "resource: local-container\n",
      config: "allow: {resources: [local-process]}\n",
    };
    expect(await faultsOf(asked)).toEqual([]);
    expect((await faultsOf({ ...asked, role: "agent" }))[0]).toContain("resource local-container is not allowed here");
  });

  it("runs as a process only where its submitters are trusted with the agent's user", async () => {
    const asked = { definition: {}, spec: "resource: local-process\n", role: "agent" } as const;
    expect((await faultsOf(asked))[0]).toContain("allow.local_process: trusted");
    expect(await faultsOf({ ...asked, config: "allow: {local_process: trusted}\n" })).toEqual([]);
    expect(await faultsOf({ ...asked, submittersTrusted: true })).toEqual([]);
  });
});

describe("a queue's definition", () => {
  it("is valid where the docs show one", () => {
    const text = readFileSync(join(import.meta.dirname, "../../../../docs/queues.md"), "utf8");
    const example = /```yaml\n(# yaml-language-server[\s\S]*?)```/.exec(text)?.[1] ?? "";
    expect(readDefinition({ name: "gpu.yaml", text: example })).toMatchObject({
      kind: "definition",
      definition: { resource: "local-container", limits: { timeout: { max: 24 * 3_600_000 } } },
    });
  });

  it.each([
    [
      "resource: local\nresource_args: {local: {cpus: 2}}\n",
      { resource: "local-container", resource_args: { cpus: 2 } },
    ],
    ["", { overrides: "all", order: "priority" }],
    // What an argument must look like says the resource, and nothing is known yet of a text that a run will choose.
    [
      "resource: local-container\nresource_args: {memory: '{{memory}}', shm-size: '{{memory}}'}\ntemplate_variables: {memory: {schema: {type: string}}}\n",
      { resource_args: { memory: "{{memory}}" } },
    ],
    ["template_variables: {n: {schema: {type: integer, minimum: 0.5}}}\n", { order: "priority" }],
  ])("is read from %j", (text, definition) => {
    expect(readDefinition({ name: "gpu.yaml", text })).toMatchObject({ kind: "definition", definition });
  });

  it.each([
    ["resource: kubernets\n", '1:11 unknown resource "kubernets"; did you mean "kubernetes"?'],
    ["limits: {runing: 2}\n", '1:10 unknown key "runing" in limits; did you mean "running"?'],
    ["resource: local-container\nresource_args: {cpuss: 2}\n", '2:17 unknown key "cpuss"'],
    [
      "resource: local-container\nresource_args: {cpus: '{{cpus}}'}\n",
      "uses {{cpus}}, which its template_variables don't have",
    ],
    ["resource_args: {cpus: 2}\n", "1:16 resource_args needs a resource: name it too"],
    ["resource: local-container\nresource_args: {name: '${user}'}\n", "unknown macro ${user}"],
    [
      "limits: {timeout: {default: 2 h, max: 1 h}}\n",
      "1:29 limits.timeout.default is 2 h, over limits.timeout.max (1 h)",
    ],
    [
      "template_variables: {n: {schema: {type: integer, maximum: 4, default: 9}}}\n",
      'template variable "n" is 9; it must be at most 4',
    ],
    [
      "template_variables: {size: {schema: {type: string, maximum: 4}}}\n",
      "1:61 template_variables.size.schema.maximum is for numbers, and size is a string",
    ],
    [
      "template_variables: {gpus: {schema: {type: string, enum: [1, all]}}}\n",
      '1:59 template_variables.gpus.schema.enum has 1, which is no string; write "1"',
    ],
    [
      "template_variables: {n: {schema: {type: integer, enum: [1, 2.5]}}}\n",
      "1:60 template_variables.n.schema.enum has 2.5, which is no integer",
    ],
    [
      "resource: local-container\nresource_args: {cpuss: '{{n}}', shm-size: big}\ntemplate_variables: {n: {schema: {type: string}}}\n",
      '2:17 unknown key "cpuss"',
    ],
  ])("with %j has a fault in its place", (text, words) => {
    const read = readDefinition({ name: "gpu.yaml", text });
    if (read.kind === "definition") throw new Error("it has none");
    expect(read.faults.map(({ line, column, message }) => `${line}:${column} ${message}`).join("\n")).toContain(words);
  });
});
