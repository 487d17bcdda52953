import { z } from "zod";
import type { Json, JsonObject } from "../../core/json.ts";
import { formatDuration } from "../../core/duration.ts";
import { type QueueDefinition, queueDefinitionSchema, type VariableSchema } from "../../queues/definition.ts";
import { fillTemplate, type Scalar, variablesIn } from "../../queues/templates.ts";
import { isResourceName, otherResourceNames, resourceArgsSchema, resources } from "../../resources/index.ts";
import { type Fault, faultAt } from "../reading/fault.ts";
import { issuesOf, phraseOf } from "../reading/issues.ts";
import { at, type Located, nest, toJson, without } from "../reading/located.ts";
import { macroFaults } from "../launch-spec/macros.ts";
import { normalForm } from "../launch-spec/normal-form.ts";
import { parse } from "../reading/parse.ts";
import type { Document } from "../resolve/resolution.ts";

export type ReadDefinition =
  | { readonly kind: "definition"; readonly definition: QueueDefinition }
  | { readonly kind: "faults"; readonly faults: readonly Fault[] };

/** A definition as people write it: its resource is one of those there are. */
export const writtenDefinitionSchema = queueDefinitionSchema.extend({
  resource: z.enum(Object.keys(resources)).optional(),
});

/**
 * Reads a queue's definition. All faults are found at once, each in its place; also those that would only show when a run is enqueued
 * (arguments that the resource doesn't have), as far as they don't depend on a variable's value.
 */
export function readDefinition(document: Document): ReadDefinition {
  const { tree: written, faults: syntax } = parse(document);
  if (written.kind !== "map") {
    const message = "a queue's definition must be a mapping";
    return { kind: "faults", faults: [...syntax, faultAt({ origin: written.origin, message })] };
  }
  const faults: Fault[] = [...syntax];
  const tree = ownNames(written);
  const parsed = writtenDefinitionSchema.safeParse(toJson(tree), { error: phraseOf, jitless: true });
  if (!parsed.success) faults.push(...issuesOf(parsed.error.issues, tree, []));
  else faults.push(...checkDefinition(parsed.data, tree));
  return faults.length > 0 || !parsed.success
    ? { kind: "faults", faults }
    : { kind: "definition", definition: parsed.data };
}

/** W&B keeps a queue's arguments under the resource's name, and has other names for two resources. */
function ownNames(tree: Located): Located {
  const renamed = normalForm(without(tree, ["resource_args"]), []);
  const args = at(tree, ["resource_args"]);
  if (args === undefined || renamed.kind !== "map") return renamed;
  const resource = at(renamed, ["resource"]);
  const name = resource?.kind === "scalar" && typeof resource.value === "string" ? resource.value : "";
  const nested = [[name, name] as const, ...otherResourceNames]
    .filter(([, own]) => own === name)
    .map(([written]) => at(args, [written]))
    .find((found) => found !== undefined && args.kind === "map" && args.entries.size === 1);
  const entries = new Map(renamed.entries).set("resource_args", { key: args.origin, value: nested ?? args });
  return { ...renamed, entries };
}

type FaultIn = (path: readonly (string | number)[], message: string) => Fault;

function checkDefinition(definition: QueueDefinition, tree: Located): readonly Fault[] {
  const fault: FaultIn = (path, message) => {
    const found = at(tree, path) ?? at(tree, path.slice(0, -1)) ?? tree;
    return faultAt({ origin: found.origin, path: path.join("."), message });
  };
  const strange = variableFaults(definition, fault);
  const faults: Fault[] = [...strange, ...macroFaults(at(tree, ["resource_args"]))];
  const { timeout } = definition.limits;
  if (timeout?.default !== undefined && timeout.max !== undefined && timeout.default > timeout.max) {
    const words = `limits.timeout.default is ${formatDuration(timeout.default)}, over limits.timeout.max (${formatDuration(timeout.max)})`;
    faults.push(fault(["limits", "timeout", "default"], words));
  }
  if (definition.order === "fifo" && definition.ageing !== undefined) {
    faults.push(fault(["ageing"], "ageing is for order: priority; in fifo the oldest run is first anyway"));
  }
  if (strange.length > 0) return faults;
  const filled = fillTemplate(definition, samples(definition));
  if (filled.kind === "faults") {
    const own = filled.faults.map(({ path, message }) =>
      fault(path[0] === "queue" ? ["resource_args"] : [...path, "schema", "default"], message),
    );
    return [...faults, ...own];
  }
  return [...faults, ...argumentFaults(definition, filled.resourceArgs, tree)];
}

/** What of a variable's schema could never have an effect. */
function variableFaults({ template_variables: variables }: QueueDefinition, fault: FaultIn): readonly Fault[] {
  return Object.entries(variables).flatMap(([name, { schema }]) => {
    const path = ["template_variables", name, "schema"];
    const isNumeric = schema.type === "integer" || schema.type === "number";
    const bounds = isNumeric ? [] : (["minimum", "maximum"] as const).filter((bound) => schema[bound] !== undefined);
    const strange = (schema.enum ?? []).filter((value) => !isOfType(value, schema.type));
    return [
      ...bounds.map((bound) =>
        fault([...path, bound], `${path.join(".")}.${bound} is for numbers, and ${name} is a ${schema.type}`),
      ),
      ...strange.map((value) => {
        const index = schema.enum?.indexOf(value) ?? 0;
        const hint = schema.type === "string" ? `; write "${String(value)}"` : "";
        const words = `${path.join(".")}.enum has ${JSON.stringify(value)}, which is no ${schema.type}${hint}`;
        return fault([...path, "enum", index], words);
      }),
    ];
  });
}

function isOfType(value: Scalar, type: VariableSchema["type"]): boolean {
  return type === "integer" ? Number.isInteger(value) : typeof value === type;
}

/** A value that fits each variable that has no default: what the arguments look like with it is what can be checked now. */
function samples({ template_variables: variables }: QueueDefinition): Readonly<Record<string, Scalar>> {
  const given = Object.entries(variables).filter(([, { schema }]) => schema.default === undefined);
  return Object.fromEntries(given.map(([name, { schema }]) => [name, sampleOf(schema)]));
}

function sampleOf({ type, enum: values, minimum, maximum }: VariableSchema): Scalar {
  const [first] = values ?? [];
  if (first !== undefined) return first;
  if (type === "string") return "text";
  if (type === "boolean") return true;
  return type === "number" ? (minimum ?? maximum ?? 1) : Math.ceil(minimum ?? Math.floor(maximum ?? 1));
}

/** Variables of which nothing is known: what an argument becomes with them is seen when a run gives their values. */
function openVariables({ template_variables: variables }: QueueDefinition): ReadonlySet<string> {
  const open = Object.entries(variables).filter(
    ([, { schema }]) => schema.default === undefined && schema.enum === undefined,
  );
  return new Set(open.map(([name]) => name));
}

function argumentFaults(definition: QueueDefinition, filled: JsonObject, tree: Located): readonly Fault[] {
  const { resource } = definition;
  const args = at(tree, ["resource_args"]);
  if (args?.kind !== "map" || args.entries.size === 0) return [];
  if (resource === undefined || !isResourceName(resource)) {
    return [
      faultAt({ origin: args.origin, path: "resource_args", message: "resource_args needs a resource: name it too" }),
    ];
  }
  const own: Json = Object.fromEntries(Object.entries(filled).filter(([key]) => key !== "builder"));
  const schema = z.object({ resource_args: resourceArgsSchema.shape[resource] });
  const checked = schema.safeParse({ resource_args: own }, { error: phraseOf, jitless: true });
  if (checked.success) return [];
  const written = nest(args, ["resource_args"]);
  const open = openVariables(definition);
  const isOpen = ({ code, path }: z.core.$ZodIssue): boolean => {
    const found = code === "unrecognized_keys" ? undefined : at(written, path);
    return found !== undefined && [...variablesIn(toJson(found))].some((name) => open.has(name));
  };
  return issuesOf(
    checked.error.issues.filter((issue) => !isOpen(issue)),
    written,
    [],
  );
}
