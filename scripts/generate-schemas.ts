import { configJsonSchema, queueJsonSchema, specJsonSchema } from "../src/spec/launch-spec/json-schema.ts";

/** The JSON Schemas for editors. */
export function generateSchemas(): readonly { readonly path: string; readonly content: string }[] {
  const schemas = {
    "launch.schema.json": specJsonSchema(),
    "launch-config.schema.json": configJsonSchema(),
    "launch-queue.schema.json": queueJsonSchema(),
  };
  return Object.entries(schemas).map(([name, schema]) => ({
    path: `schema/${name}`,
    content: `${JSON.stringify(schema, null, 2)}\n`,
  }));
}
