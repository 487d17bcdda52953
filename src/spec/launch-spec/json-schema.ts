import { z } from "zod";
import { isJsonObject, type Json, type JsonObject, toJson } from "../../core/json.ts";
import { otherResourceNames, resourceArgsSchema, resources } from "../../resources/index.ts";
import type { ResourceTraits } from "../../resources/resource.ts";
import { configTexts, type FieldTexts, queueTexts, specTexts } from "./field-texts.ts";
import { launchConfigSchema } from "../config/launch-config.ts";
import { builderArgsSchema, launchSpecSchema } from "./launch-spec.ts";
import { writtenDefinitionSchema } from "../queue-definition/queue-definition.ts";
import { otherNames } from "./normal-form.ts";

/*
 * The JSON Schemas that editors complete and explain specs and configs with: made from the schemas that validate, plus what
 * the normal form takes away before validation (other names, shorter shapes), plus a text for each field.
 */

type Change = (schema: JsonObject) => JsonObject;

/** The launch spec as it is written. */
export function specJsonSchema(): JsonObject {
  let schema = without(plain(launchSpecSchema), "builder");
  schema = edit(schema, ["resource_args"], withBuilders);
  schema = edit(schema, ["resource"], (field) => ({
    ...field,
    enum: [...Object.keys(resourceArgsSchema.shape), ...otherResourceNames.keys()],
  }));
  schema = edit(schema, ["overrides", "args"], (list) => ({
    anyOf: [list, { type: "object", additionalProperties: scalar }],
  }));
  schema = edit(schema, ["env"], (map) => ({ ...map, additionalProperties: scalar }));
  schema = edit(schema, ["secrets"], (map) => ({
    anyOf: [{ type: "array", items: objectOf(map["propertyNames"]) }, map],
  }));
  schema = described(schema, specTexts);
  for (const [name, { traits }] of Object.entries(resources)) {
    schema = edit(schema, ["resource_args", name], (args) => withArgTexts(args, traits));
  }
  for (const { name, field } of otherNames) schema = alias(schema, name, field);
  return { $schema: dialect, title: "Launch spec", ...without(schema, undefined, "$schema") };
}

/** The launch config as it is written. */
export function configJsonSchema(): JsonObject {
  const schema = described(plain(launchConfigSchema), configTexts);
  return { $schema: dialect, title: "Launch config", ...without(schema, undefined, "$schema") };
}

/** A queue's definition as it is written. */
export function queueJsonSchema(): JsonObject {
  const schema = described(plain(writtenDefinitionSchema), queueTexts);
  return { $schema: dialect, title: "Queue definition", ...without(schema, undefined, "$schema") };
}

const dialect = "http://json-schema.org/draft-07/schema#";
const scalar = { type: ["string", "number", "boolean"] } as const;

function plain(schema: z.ZodType): JsonObject {
  const made = toJson(z.toJSONSchema(schema, { io: "input", target: "draft-7", unrepresentable: "any" }));
  return tidy(made);
}

/** Leaves out what says nothing to a person: bounds of the number type, names that are any text, fields that are never allowed. */
function tidy(schema: JsonObject): JsonObject {
  const entries = Object.entries(schema).flatMap(([key, value]): [string, Json][] => {
    if ((key === "minimum" || key === "maximum") && Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER) return [];
    if (key === "default" && ["{}", "[]"].includes(JSON.stringify(value))) return [];
    if (key === "propertyNames" && JSON.stringify(value) === '{"type":"string"}') return [];
    if (Array.isArray(value)) return [[key, value.map((item: Json) => (isJsonObject(item) ? tidy(item) : item))]];
    if (!isJsonObject(value)) return [[key, value]];
    if (key !== "properties") return [[key, tidy(value)]];
    const fields = Object.entries(value).filter(([, field]) => !(isJsonObject(field) && "not" in field));
    return [[key, Object.fromEntries(fields.map(([name, field]) => [name, tidy(objectOf(field))]))]];
  });
  return Object.fromEntries(entries);
}

/** Changes the schema of the field at `path`, in every branch of a union that has it. */
function edit(schema: JsonObject, [key, ...rest]: readonly string[], change: Change): JsonObject {
  if (key === undefined) return change(schema);
  const branches = schema["anyOf"];
  if (Array.isArray(branches)) {
    return { ...schema, anyOf: branches.map((branch: Json) => edit(objectOf(branch), [key, ...rest], change)) };
  }
  for (const inner of key === "*" ? ["items", "additionalProperties"] : []) {
    if (isJsonObject(schema[inner])) return { ...schema, [inner]: edit(schema[inner], rest, change) };
  }
  const properties = objectOf(schema["properties"]);
  const field = properties[key];
  return isJsonObject(field) ? { ...schema, properties: { ...properties, [key]: edit(field, rest, change) } } : schema;
}

function without(schema: JsonObject, field: string | undefined, key?: string): JsonObject {
  const kept = Object.fromEntries(Object.entries(schema).filter(([name]) => name !== key));
  if (field === undefined) return kept;
  const properties = Object.entries(objectOf(schema["properties"])).filter(([name]) => name !== field);
  return { ...kept, properties: Object.fromEntries(properties) };
}

/** Each resource's arguments have a `builder` besides; W&B's `cuda` is its `accelerator`. */
function withBuilders(args: JsonObject): JsonObject {
  const builder = plain(builderArgsSchema);
  const fields = objectOf(builder["properties"]);
  const { accelerator = {} } = fields;
  const own = { ...without(builder, undefined, "$schema"), properties: { ...fields, cuda: accelerator } };
  const resources = Object.entries(objectOf(args["properties"])).map(([name, resource]) => {
    const schema = objectOf(resource);
    return [name, { ...schema, properties: { ...objectOf(schema["properties"]), builder: own } }] as const;
  });
  return { ...args, properties: Object.fromEntries(resources) };
}

/** Adds another name for a field, with a text that says so. */
function alias(schema: JsonObject, name: readonly string[], field: readonly string[]): JsonObject {
  const copies: JsonObject[] = [];
  edit(schema, field, (found) => {
    copies.push({ ...found, description: `W&B's name for ${field.join(".")}.` });
    return found;
  });
  const [copy = {}] = copies;
  return edit(schema, name.slice(0, -1), (parent) => ({
    ...parent,
    properties: { ...objectOf(parent["properties"]), [name.at(-1) ?? ""]: copy },
  }));
}

/** What the resource itself says of its arguments. */
function withArgTexts(args: JsonObject, { argText }: ResourceTraits): JsonObject {
  const fields = Object.entries(objectOf(args["properties"])).map(([name, field]) => {
    const description = argText?.(name);
    return [name, { ...(description === undefined ? {} : { description }), ...objectOf(field) }] as const;
  });
  return { ...args, properties: Object.fromEntries(fields) };
}

function described(schema: JsonObject, texts: FieldTexts): JsonObject {
  let result = schema;
  for (const [path, description] of Object.entries(texts)) {
    result = edit(result, path.split("."), (field) => ({ description, ...field }));
  }
  return result;
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
