import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import type { QueueDefinition, VariableSchema } from "./definition.ts";

export type Scalar = string | number | boolean;

/** What is wrong with one template variable, in words; `path` is where in the spec. */
export type TemplateFault = { readonly path: readonly string[]; readonly message: string };

export type FilledTemplate =
  | { readonly kind: "filled"; readonly resourceArgs: JsonObject; readonly values: Readonly<Record<string, Scalar>> }
  | { readonly kind: "faults"; readonly faults: readonly TemplateFault[] };

const placeholder = /\{\{\s*([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}/g;
const whole = /^\{\{\s*([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}$/;

/**
 * Puts the values of template variables into a queue's resource arguments. A text that is one placeholder becomes the value with
 * its type; within a longer text it becomes part of the text. Every fault is found, with the allowed values.
 */
export function fillTemplate(definition: QueueDefinition, given: Readonly<Record<string, Scalar>>): FilledTemplate {
  const faults: TemplateFault[] = [];
  const values: Record<string, Scalar> = {};
  const known = Object.keys(definition.template_variables);
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const list = known.length === 0 ? "the queue has none" : `the queue has ${known.join(", ")}`;
    faults.push({ path: ["template_variables", name], message: `there is no template variable "${name}": ${list}` });
  }
  for (const [name, { schema }] of Object.entries(definition.template_variables)) {
    const value = (Object.hasOwn(given, name) ? given[name] : undefined) ?? schema.default;
    if (value === undefined) {
      faults.push({
        path: ["template_variables"],
        message: `template variable "${name}" has no default and must be given: ${allowed(schema)}`,
      });
      continue;
    }
    const coerced = coerce(value, schema);
    const why = coerced === undefined ? `must be ${typeWords[schema.type]}` : violation(coerced, schema);
    if (why === undefined && coerced !== undefined) values[name] = coerced;
    else
      faults.push({
        path: ["template_variables", name],
        message: `template variable "${name}" is ${JSON.stringify(value)}; it ${why ?? "is wrong"} (${allowed(schema)})`,
      });
  }
  const unknown = new Set<string>();
  const filled = fillObject(definition.resource_args, values, (name) => {
    if (!known.includes(name)) unknown.add(name);
  });
  for (const name of unknown) {
    faults.push({
      path: ["queue"],
      message: `the queue's definition uses {{${name}}}, which its template_variables don't have`,
    });
  }
  return faults.length === 0 ? { kind: "filled", resourceArgs: filled, values } : { kind: "faults", faults };
}

const typeWords = { string: "text", integer: "a whole number", number: "a number", boolean: "true or false" } as const;

/** From a command line everything is text: a number or boolean is read from it where the schema wants one. */
function coerce(value: Scalar, { type }: VariableSchema): Scalar | undefined {
  if (type === "string") return typeof value === "string" ? value : String(value);
  if (type === "boolean")
    return typeof value === "boolean" ? value : ({ true: true, false: false } as const)[String(value)];
  const number =
    typeof value === "number" ? value : typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
  if (!Number.isFinite(number) || (type === "integer" && !Number.isInteger(number))) return undefined;
  return number;
}

function violation(value: Scalar, schema: VariableSchema): string | undefined {
  if (schema.enum !== undefined && !schema.enum.includes(value)) return "is not one of the allowed values";
  if (typeof value !== "number") return undefined;
  if (schema.minimum !== undefined && value < schema.minimum) return `must be at least ${schema.minimum}`;
  if (schema.maximum !== undefined && value > schema.maximum) return `must be at most ${schema.maximum}`;
  return undefined;
}

/** What a variable may be: `integer, 1 to 4`, `string: a, b or c`. */
export function allowed(schema: VariableSchema): string {
  if (schema.enum !== undefined) return `${schema.type}: ${schema.enum.map(String).join(", ")}`;
  const { minimum, maximum } = schema;
  if (minimum !== undefined && maximum !== undefined) return `${schema.type}, ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${schema.type}, at least ${minimum}`;
  return maximum === undefined ? schema.type : `${schema.type}, at most ${maximum}`;
}

/** The variables that stand somewhere in these arguments. */
export function variablesIn(value: Json): ReadonlySet<string> {
  const names = new Set<string>();
  fill(value, {}, (name) => names.add(name));
  return names;
}

type Values = Readonly<Record<string, Scalar>>;

function valueOf(values: Values, name: string): Scalar | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

function fillObject(value: JsonObject, values: Values, seen: (name: string) => void): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, values, seen)]));
}

function fill(value: Json, values: Values, seen: (name: string) => void): Json {
  if (typeof value === "string") {
    const only = whole.exec(value)?.[1];
    if (only !== undefined) {
      seen(only);
      return valueOf(values, only) ?? value;
    }
    return value.replaceAll(placeholder, (text, name: string) => {
      seen(name);
      return String(valueOf(values, name) ?? text);
    });
  }
  if (Array.isArray(value)) return value.map((item: Json) => fill(item, values, seen));
  return isJsonObject(value) ? fillObject(value, values, seen) : value;
}
