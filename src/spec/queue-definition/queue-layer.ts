import { formatDuration, parseDuration } from "../../core/duration.ts";
import type { QueueDefinition } from "../../queues/definition.ts";
import { allowed, fillTemplate, type Scalar } from "../../queues/templates.ts";
import { type Fault, faultAt, type Origin } from "../reading/fault.ts";
import { at, emptyMap, type Located, locate, nest, without } from "../reading/located.ts";
import { overlay } from "../resolve/merge.ts";
import { normalForm } from "../launch-spec/normal-form.ts";

export type QueueLayer = { readonly queue: string; readonly definition: QueueDefinition };

/**
 * The spec with what its queue says below it: resource, resource arguments with the variables filled in, timeout. What the queue
 * doesn't allow a spec to say is a fault where it was said. Variables that are used up stay in the spec: the record shows them.
 */
export function withQueue(spec: Located, layer: QueueLayer, faults: Fault[]): Located {
  const { queue, definition } = layer;
  const origin: Origin = { kind: "named", name: `queue ${queue}` };
  faults.push(...resourceFaults(spec, layer), ...overrideFaults(spec, layer));
  const filled = fillTemplate(definition, valuesIn(spec));
  if (filled.kind === "faults") {
    const place = (path: readonly string[]): Located =>
      at(spec, path) ?? at(spec, path.slice(0, -1)) ?? at(spec, ["queue"]) ?? spec;
    for (const { path, message } of filled.faults) {
      faults.push(
        faultAt({ origin: place(path).origin, path: path.join("."), message: `queue "${queue}": ${message}` }),
      );
    }
    return withTimeout(spec, layer, faults);
  }
  let below: Located = emptyMap(origin);
  const { resource } = definition;
  if (resource !== undefined) {
    below = overlay(below, nest(locate(resource, origin, "resource"), ["resource"]));
    const args = locate(filled.resourceArgs, origin, `resource_args.${resource}`);
    below = overlay(below, normalForm(nest(args, ["resource_args", resource]), faults));
  }
  const allows = definition.overrides === "all" || faults.length > 0;
  const own = allows ? spec : without(without(spec, ["resource_args"]), ["builder"]);
  return withTimeout(overlay(below, own), layer, faults);
}

function valuesIn(spec: Located): Readonly<Record<string, Scalar>> {
  const variables = at(spec, ["template_variables"]);
  if (variables?.kind !== "map") return {};
  const values: Record<string, Scalar> = {};
  for (const [name, { value }] of variables.entries) {
    if (value.kind === "scalar" && value.value !== null) values[name] = value.value;
  }
  return values;
}

function resourceFaults(spec: Located, { queue, definition }: QueueLayer): readonly Fault[] {
  const written = at(spec, ["resource"]);
  if (definition.resource === undefined || written?.kind !== "scalar" || written.value === definition.resource) {
    return [];
  }
  const message = `resource is ${String(written.value)}, and queue "${queue}" runs on ${definition.resource}; leave it out, or take another queue`;
  return [faultAt({ origin: written.origin, path: written.path, message })];
}

/** `templates` and `none`: the definition's arguments are all that a run has. */
function overrideFaults(spec: Located, { queue, definition }: QueueLayer): readonly Fault[] {
  const { overrides, template_variables: variables } = definition;
  if (overrides === "all") return [];
  const names = Object.entries(variables).map(([name, { schema }]) => `${name} (${allowed(schema)})`);
  const faults: Fault[] = [];
  const refuse = (found: Located | undefined, words: string): void => {
    if (found === undefined) return;
    const message = `${found.path}: queue "${queue}" has overrides: ${overrides}, so ${words}`;
    faults.push(faultAt({ origin: found.origin, path: found.path, message }));
  };
  const instead =
    overrides === "templates" && names.length > 0
      ? `a run can choose by template_variables alone: ${names.join(", ")}`
      : "its definition alone says what a run gets; leave it out";
  for (const field of ["resource_args", "builder"]) {
    const found = at(spec, [field]);
    const entries = found?.kind === "map" ? [...found.entries.values()] : [];
    for (const { value } of entries) if (value.kind !== "map" || value.entries.size > 0) refuse(value, instead);
  }
  const given = at(spec, ["template_variables"]);
  if (overrides === "none" && given?.kind === "map" && given.entries.size > 0) {
    refuse(given, "it takes no template_variables; leave them out");
  }
  return faults;
}

function withTimeout(tree: Located, { queue, definition }: QueueLayer, faults: Fault[]): Located {
  const { default: usual, max } = definition.limits.timeout ?? {};
  const written = at(tree, ["timeout"]);
  if (written === undefined) {
    const ms = usual ?? max;
    if (ms === undefined) return tree;
    return overlay(tree, nest(locate(`${ms}ms`, { kind: "named", name: `queue ${queue}` }, "timeout"), ["timeout"]));
  }
  const ms = written.kind === "scalar" ? parseDuration(String(written.value)) : undefined;
  if (ms !== undefined && max !== undefined && ms > max) {
    const message = `timeout is ${formatDuration(ms)}, and queue "${queue}" allows at most ${formatDuration(max)}`;
    faults.push(faultAt({ origin: written.origin, path: written.path, message }));
  }
  return tree;
}
