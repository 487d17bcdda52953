import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { recordJsonSchema } from "../../../scripts/record-schema.ts";
import { readJsonObject } from "../../../src/core/json.ts";
import { recordBounds } from "../../../src/run/bounds.ts";
import { readBeat } from "../../../src/run/beat.ts";
import { readRunHead } from "../../../src/run/head.ts";
import { readRecord } from "../../../src/run/read-record.ts";

/* What the launcher 0.1.0 has written stays readable. */

const folder = join(import.meta.dirname, "../../fixtures/documents");
const names = readdirSync(folder).filter((name) => !name.endsWith(".json"));

function written(...path: readonly string[]) {
  const parsed = readJsonObject(readFileSync(join(folder, ...path)), recordBounds);
  if (parsed.kind === "other") throw new Error(`${path.join("/")} ${parsed.why}`);
  return parsed.value;
}

test("there are runs of each kind", () => {
  expect(names.sort()).toEqual(["failed", "finished", "leased", "queued"]);
});

test.each(names)("the run that is %s is read, and nothing of it is lost", (name) => {
  const head = readRunHead(written(name, "run.json"), "run.json");
  if (head.kind === "unreadable") throw new Error(head.why);
  expect(head.run).toEqual(written(name, "run.json"));
  const record = written(name, "record.json");
  expect(readRecord({ run: head.run, record })).toEqual(record);
});

test.each(names)("the record that is %s has the form that its JSON Schema tells of", (name) => {
  const validate = new Ajv({ allowUnionTypes: true, formats: { "date-time": true } }).compile(recordJsonSchema());
  validate(written(name, "record.json"));
  expect(validate.errors ?? []).toEqual([]);
});

test("an agent's beat is read, and nothing of it is lost", () => {
  expect(readBeat("a1", written("beat.json"))).toEqual({ kind: "beat", beat: written("beat.json") });
});
