import { configJsonSchema, specJsonSchema } from "../src/spec/json-schema.ts";

/** The JSON Schemas for editors. */
export function generateSchemas(): readonly { readonly path: string; readonly content: string }[] {
  return [
    { path: "schema/launch.schema.json", content: `${JSON.stringify(specJsonSchema(), null, 2)}\n` },
    { path: "schema/launch-config.schema.json", content: `${JSON.stringify(configJsonSchema(), null, 2)}\n` },
  ];
}
