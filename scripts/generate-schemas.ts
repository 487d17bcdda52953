import { configJsonSchema, queueJsonSchema, specJsonSchema } from "../src/spec/launch-spec/json-schema.ts";
import { recordJsonSchema } from "./record-schema.ts";

/** The JSON Schemas: for editors, and of what others read. */
export function generateSchemas(): readonly { readonly path: string; readonly content: string }[] {
  const schemas = {
    "launch.schema.json": specJsonSchema(),
    "launch-config.schema.json": configJsonSchema(),
    "launch-queue.schema.json": queueJsonSchema(),
    "record.schema.json": recordJsonSchema(),
  };
  return Object.entries(schemas).map(([name, schema]) => ({
    path: `schema/${name}`,
    content: `${JSON.stringify(schema, null, 2)}\n`,
  }));
}
