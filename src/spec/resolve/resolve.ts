import type { z } from "zod";
import { isJsonObject, type Json } from "../../core/json.ts";
import { parseImageReference } from "../../core/image-reference.ts";
import { defaultResource, isResourceName } from "../../resources/index.ts";
import { slugOf } from "../../run/run-id.ts";
import type { AskedQueue } from "../queue-definition/asked-queue.ts";
import { checkTogether } from "../launch-spec/checks.ts";
import { checkConfig } from "../config/config-checks.ts";
import { rowsOf, specRowsOf } from "./explain.ts";
import { type Fault, faultAt, type Origin } from "../reading/fault.ts";
import { type LaunchSpec, launchSpecSchema } from "../launch-spec/launch-spec.ts";
import { at, emptyMap, type Located, locate, lostKey, nest, pathOf, withEntry } from "../reading/located.ts";
import { macroFaults } from "../launch-spec/macros.ts";
import { append, overlay, unite } from "./merge.ts";
import { ensureMap, normalForm } from "../launch-spec/normal-form.ts";
import { refuseInSpec } from "../launch-spec/refused.ts";
import type { CountedConfig } from "../config/left-out.ts";
import type { ExplainRow, Overlay, QueueLookUp, Resolution, ResolveRequest } from "./resolution.ts";
import { configTreeOf, countedOf } from "./resolve-config.ts";
import { inOrder, treeOf, validate } from "./validate.ts";

/**
 * From what was written to what is meant: reads the documents, puts the layers over each other, validates, and applies the
 * defaults. All faults are found at once. Pure: it reads no file, clock or environment.
 */
export async function resolveSpec(request: ResolveRequest): Promise<Resolution> {
  const faults: Fault[] = [];
  const warnings: string[] = [];
  const configTree = configTreeOf(request.config, { faults, warnings });
  const written = normalForm(refuseInSpec(treeOf(request.spec, "a launch spec", faults), faults), faults);
  const asked = layersOver(overlay(labelsOf(configTree), written), request.overlays, faults);

  const counted = await countedOf(request.config, configTree, faults);
  const config = counted?.config;
  const { queue: queues } = request;
  const definitionOf =
    queues === undefined || config === undefined ? undefined : (name: string) => queues.definitionOf(name, config);
  const layer = await queueLayerOf(asked, definitionOf, faults);
  const tree = withResourceArgs(layer === undefined ? asked : layer.below(asked, faults));
  const spec = validate(launchSpecSchema, tree, faults);
  faults.push(...macroFaults(at(tree, ["resource_args"])));
  if (counted !== undefined) faults.push(...checkConfig(counted.config, counted.tree));
  if (counted !== undefined && spec !== undefined) {
    faults.push(
      ...checkTogether({ spec, config: counted.config, tree, configTree: counted.tree, queue: request.queue }),
    );
  }
  const leftOut = counted?.leftOut === undefined ? {} : { leftOut: counted.leftOut };
  if (faults.length > 0 || counted === undefined || spec === undefined)
    return { kind: "faults", faults: inOrder(faults), ...leftOut };

  const resolved = finished(spec, request.context);
  if (counted.leftOut !== undefined) warnings.push(counted.leftOut.words);
  const origins = { spec: specRowsOf({ ...resolved, builder: {} }, tree), config: configRows(counted) };
  const queue = layer === undefined ? {} : { queue: layer.merged(asked, resolved) };
  return { kind: "resolved", spec: resolved, config: counted.config, ...leftOut, warnings, ...queue, origins };
}

/** What counts of the config, and what is written there and doesn't. */
function configRows({ config, tree, leftOut }: CountedConfig): readonly ExplainRow[] {
  const out = leftOut?.fields.map((field) => ({ ...field, origin: `${leftOut.name}, doesn't count` })) ?? [];
  return [...rowsOf(config, tree), ...out];
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
    const own = overlays.filter((item) => (item.layer ?? "command") === layer && isKept(item, faults));
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

/** Whether what a flag or an input says can be kept as it is; else it is a fault. */
function isKept({ origin, path, value }: Overlay, faults: Fault[]): boolean {
  if (!path.includes(lostKey) && !hasLostKey(value)) return true;
  const message = `${path.reduce(pathOf, "")}: a key can't be called ${lostKey}; give it another name`;
  faults.push(faultAt({ origin: { kind: "named", name: origin }, path: path.reduce(pathOf, ""), message }));
  return false;
}

function hasLostKey(value: Json): boolean {
  if (Array.isArray(value)) return value.some(hasLostKey);
  return isJsonObject(value) && Object.entries(value).some(([key, item]) => key === lostKey || hasLostKey(item));
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
