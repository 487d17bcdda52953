import { expect, test } from "vitest";
import type { JsonObject } from "../../../src/core/json.ts";
import {
  definitionHash,
  emptyDefinition,
  queueDefinitionSchema,
  readWrittenDefinition,
  writtenDefinition,
} from "../../../src/queues/definition.ts";

const whole = queueDefinitionSchema.parse({
  description: "four GPUs",
  resource: "local-container",
  resource_args: { gpus: "all", env: { N: "{{nodes}}" } },
  order: "fifo",
  ageing: "90 min",
  template_variables: { nodes: { schema: { type: "integer", minimum: 1, maximum: 4, default: 2 } } },
  overrides: "templates",
  limits: { running: 2, timeout: { default: "1500 ms", max: "2h" } },
  profile: "eu",
});

test.each([
  ["that says all there is", whole],
  ["that says nothing", emptyDefinition()],
  ["with a longest time only", queueDefinitionSchema.parse({ limits: { timeout: { max: 60 } } })],
])("a definition %s is the same after it was written and read", (_name, definition) => {
  const parse: (text: string) => JsonObject = JSON.parse;
  const read = readWrittenDefinition(parse(JSON.stringify(writtenDefinition(definition))));
  expect(read).toEqual(definition);
  expect(definitionHash(read ?? emptyDefinition())).toBe(definitionHash(definition));
});

test("what is no definition is not read as one", () => {
  expect(readWrittenDefinition({ limits: { waiting: 0 } })).toBeUndefined();
});
