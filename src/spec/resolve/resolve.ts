import type { z } from "zod";
import { parseImageReference } from "../../core/image-reference.ts";
import { defaultResource, isResourceName } from "../../resources/index.ts";
import { slugOf } from "../../run/run-id.ts";
import type { AskedQueue } from "../queue-definition/asked-queue.ts";
import { checkTogether } from "../launch-spec/checks.ts";
import { checkConfig } from "../config/config-checks.ts";
import { rowsOf } from "./explain.ts";
import { type Fault, faultAt, type Origin } from "../reading/fault.ts";
import { issuesOf, phraseOf } from "../reading/issues.ts";
import type { LaunchConfig } from "../config/launch-config.ts";
import { type LaunchSpec, launchSpecSchema } from "../launch-spec/launch-spec.ts";
import { at, emptyMap, type Located, locate, nest, pathOf, toJson, withEntry } from "../reading/located.ts";
import { macroFaults } from "../launch-spec/macros.ts";
import { append, overlay, unite } from "./merge.ts";
import { ensureMap, normalForm, otherNames } from "../launch-spec/normal-form.ts";
import { parse } from "../reading/parse.ts";
import { refuseInConfig, refuseInSpec } from "../launch-spec/refused.ts";
import type { Document, Overlay, QueueLookUp, Resolution, ResolveRequest } from "./resolution.ts";

/**
 * From what was written to what is meant: reads the documents, puts the layers over each other, validates, and applies the
 * defaults. All faults are found at once. Pure: it reads no file, clock or environment.
 */
export async function resolveSpec(request: ResolveRequest): Promise<Resolution> {
  const faults: Fault[] = [];
  const warnings: string[] = [];
  const configTree = refuseInConfig(treeOf(request.config, "a launch config", faults), request.config, {
    faults,
    warnings,
  });
  const written = normalForm(refuseInSpec(treeOf(request.spec, "a launch spec", faults), faults), faults);
  const asked = layersOver(overlay(labelsOf(configTree), written), request.overlays, faults);

  const config = request.config === undefined ? noConfig : await validateConfig(configTree, faults);
  const { queue: queues } = request;
  const definitionOf =
    queues === undefined || config === undefined ? undefined : (name: string) => queues.definitionOf(name, config);
  const layer = await queueLayerOf(asked, definitionOf, faults);
  const tree = withResourceArgs(layer === undefined ? asked : layer.below(asked, faults));
  const spec = validate(launchSpecSchema, tree, faults);
  faults.push(...macroFaults(at(tree, ["resource_args"])));
  if (config !== undefined) faults.push(...checkConfig(config, configTree));
  if (config !== undefined && spec !== undefined) {
    faults.push(...checkTogether({ spec, config, tree, configTree, queue: request.queue }));
  }
  if (faults.length > 0 || config === undefined || spec === undefined)
    return { kind: "faults", faults: inOrder(faults) };

  const resolved = finished(spec, request.context);
  const origins = { spec: rowsOf({ ...resolved, builder: {} }, tree), config: rowsOf(config, configTree) };
  const queue = layer === undefined ? {} : { queue: layer.merged(asked, resolved) };
  return { kind: "resolved", spec: resolved, config, warnings, ...queue, origins };
}

/** A document's values; without a document, or when it is no mapping, none. */
function treeOf(document: Document | undefined, what: string, faults: Fault[]): Located {
  if (document === undefined) return emptyMap({ kind: "named", name: "default" });
  const { tree, faults: found } = parse(document);
  faults.push(...found);
  if (tree.kind === "map") return tree;
  const given = tree.kind === "list" ? "a list" : JSON.stringify(tree.value).slice(0, 60);
  faults.push(faultAt({ origin: tree.origin, message: `${what} must be a mapping, not ${given}` }));
  return emptyMap(tree.origin);
}

/** What the launch config says of every run here. */
function labelsOf(config: Located): Located {
  let labels = emptyMap(config.origin);
  for (const key of ["entity", "project"]) {
    const value = at(config, [key]);
    if (value !== undefined) labels = withEntry(labels, key, { key: value.origin, value });
  }
  return labels;
}

/** The queue that the spec names; most launches name none, and don't pay for its schema. */
async function queueLayerOf(
  tree: Located,
  definitionOf: ((queue: string) => Promise<QueueLookUp>) | undefined,
  faults: Fault[],
): Promise<AskedQueue | undefined> {
  const named = at(tree, ["queue"]);
  if (definitionOf === undefined || named?.kind !== "scalar") return undefined;
  const { askedQueue } = await import("../queue-definition/asked-queue.ts");
  return askedQueue(named, definitionOf, faults);
}

/** Puts the variables over the spec, then flags and inputs over both; what adds to a list comes last. */
function layersOver(base: Located, overlays: readonly Overlay[], faults: Fault[]): Located {
  let tree = base;
  for (const layer of ["environment", "command"] as const) {
    const own = overlays.filter((item) => (item.layer ?? "command") === layer);
    let united: Located | undefined;
    for (const item of own.filter(({ append: adds }) => adds !== true)) {
      united = unite(united, normalForm(nest(located(item), item.path), faults), faults);
    }
    if (united !== undefined) tree = overlay(tree, united);
    for (const item of own.filter(({ append: adds }) => adds === true)) {
      tree = overlay(tree, nest(append(at(tree, item.path), located(item)), item.path));
    }
  }
  return tree;
}

function located({ origin, path, value }: Overlay): Located {
  const named: Origin = { kind: "named", name: origin };
  return locate(value, named, path.reduce(pathOf, ""));
}

/** Makes the entry of the run's resource, so that the defaults of its arguments apply. */
function withResourceArgs(tree: Located): Located {
  const written = at(tree, ["resource"]);
  const name = written === undefined ? defaultResource : written.kind === "scalar" ? written.value : undefined;
  return typeof name === "string" && isResourceName(name) ? ensureMap(tree, ["resource_args", name]) : tree;
}

function validate<Schema extends z.ZodType>(
  schema: Schema,
  tree: Located,
  faults: Fault[],
): z.output<Schema> | undefined {
  const parsed = schema.safeParse(toJson(tree), { error: phraseOf, jitless: true });
  if (parsed.success) return parsed.data;
  faults.push(
    ...issuesOf(
      parsed.error.issues,
      tree,
      otherNames.flatMap(({ name }) => name.slice(0, 1)),
    ),
  );
  return undefined;
}

/** What a place without a launch config has. Most launches have none, and don't pay for its schema: 6 ms of CPU. */
const noConfig: LaunchConfig = {
  secrets: {},
  slots: {},
  lease: {},
  profiles: {},
  allow: { mounts: [], patches_in_public: false, local_process: "refused" },
};

async function validateConfig(tree: Located, faults: Fault[]): Promise<LaunchConfig | undefined> {
  const { launchConfigSchema } = await import("../config/launch-config.ts");
  return validate(launchConfigSchema, tree, faults);
}

/** By file and place, so that a person goes through a file once; each said once, also where an alias repeats its value. */
function inOrder(faults: readonly Fault[]): readonly Fault[] {
  const files = [...new Set(faults.map(({ file }) => file))];
  const distinct = new Map(
    faults.map((fault) => [JSON.stringify([fault.file, fault.line, fault.column, fault.message]), fault]),
  );
  return [...distinct.values()].sort(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}

function finished(spec: z.output<typeof launchSpecSchema>, context: ResolveRequest["context"]): LaunchSpec {
  const coded = spec.docker.docker_image === undefined && spec.git.repo === undefined;
  const uri = spec.uri ?? (coded ? "." : undefined);
  const labels = {
    name: spec.name ?? nameOf(spec, context),
    project: spec.project ?? context.project,
    entity: spec.entity ?? context.entity,
  };
  const source = uri === undefined ? {} : { uri };
  return { ...source, ...labels, ...spec, ...labels, builder: spec.builder[spec.resource] ?? {} };
}

/** A name from what is run: the image's, the repository's or folder's, else the place's. */
function nameOf(spec: z.output<typeof launchSpecSchema>, context: ResolveRequest["context"]): string {
  const image = spec.docker.docker_image;
  const place = image === undefined ? (spec.git.repo ?? spec.uri) : parseImageReference(image)?.repository;
  const last = (place ?? "")
    .replace(/[?#].*$/, "")
    .replace(/(?:\.git)?\/*$/, "")
    .split(/[/:]/)
    .at(-1);
  const name = slugOf(last ?? "");
  return name === "" ? (context.name ?? (context.project === "" ? "run" : context.project)) : name;
}
