import { z } from "zod";
import { isJsonObject, type Json, type JsonObject, toJson } from "../src/core/json.ts";
import { runRecordSchema } from "../src/run/record.ts";

/** The JSON Schema of a run's record (`record.json`, `launch show --json`), for who works with them. */
export function recordJsonSchema(): JsonObject {
  const options = { io: "input", target: "draft-7", unrepresentable: "any" } as const;
  const { $schema, ...schema } = toJson(z.toJSONSchema(runRecordSchema, options));
  return { $schema: $schema ?? "", title: "Record of a run", ...plain(schema) };
}

/** Leaves out what says nothing to a person: bounds of the number type, which names there may be, how a time is told from other text. */
function plain(schema: JsonObject): JsonObject {
  const entries = Object.entries(schema).flatMap(([key, value]): [string, Json][] => {
    if (key === "readOnly" || key === "propertyNames") return [];
    if ((key === "minimum" || key === "maximum") && Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER) return [];
    if (key === "pattern" && schema["format"] === "date-time") return [];
    if (Array.isArray(value)) return [[key, value.map((item: Json) => (isJsonObject(item) ? plain(item) : item))]];
    return [[key, isJsonObject(value) ? plain(value) : value]];
  });
  return Object.fromEntries(entries);
}
