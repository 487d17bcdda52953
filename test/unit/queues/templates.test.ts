import { expect, test } from "vitest";
import { definitionHash, emptyDefinition, queueDefinitionSchema } from "../../../src/queues/definition.ts";
import { fillTemplate } from "../../../src/queues/templates.ts";

const definition = queueDefinitionSchema.parse({
  resource: "kubernetes",
  resource_args: {
    cpu: "{{cpu}}",
    label: "size-{{ size }}-{{cpu}}",
    nested: [{ debug: "{{debug}}" }],
  },
  template_variables: {
    cpu: { schema: { type: "integer", minimum: 1, maximum: 4, default: 2 } },
    size: { schema: { type: "string", enum: ["small", "large"] } },
    debug: { schema: { type: "boolean", default: false } },
  },
});

test("a text that is one placeholder gets the value with its type, a longer one its text", () => {
  const filled = fillTemplate(definition, { size: "large", cpu: "3" });
  expect(filled).toMatchObject({
    kind: "filled",
    resourceArgs: { cpu: 3, label: "size-large-3", nested: [{ debug: false }] },
  });
});

test("every fault is said at once, with what is allowed", () => {
  const filled = fillTemplate(definition, { cpu: 99, colour: "red" });
  expect(filled.kind === "faults" ? filled.faults.map(({ message }) => message) : []).toEqual([
    'there is no template variable "colour": the queue has cpu, size, debug',
    'template variable "cpu" is 99; it must be at most 4 (integer, 1 to 4)',
    'template variable "size" has no default and must be given: string: small, large',
  ]);
});

test.each([
  ["1.5", "must be a whole number"],
  ["", "must be a whole number"],
  ["x", "must be a whole number"],
  [0, "must be at least 1"],
])("%j is no cpu count", (cpu, words) => {
  const filled = fillTemplate(definition, { size: "small", cpu });
  expect(JSON.stringify(filled)).toContain(words);
});

test("a value is never read as a template again", () => {
  const open = queueDefinitionSchema.parse({
    resource_args: { a: "{{x}} {{y}}" },
    template_variables: { x: { schema: { type: "string" } }, y: { schema: { type: "string" } } },
  });
  expect(fillTemplate(open, { x: "{{y}}", y: "secret" })).toMatchObject({ resourceArgs: { a: "{{y}} secret" } });
});

test("a placeholder without a variable is the definition's fault, and said so", () => {
  const broken = queueDefinitionSchema.parse({ resource_args: { a: "{{missing}}" } });
  expect(JSON.stringify(fillTemplate(broken, {}))).toContain("uses {{missing}}");
});

test("a definition's hash is of its meaning, not of its spelling", () => {
  const a = queueDefinitionSchema.parse({ order: "priority", limits: { running: 2 } });
  const b = queueDefinitionSchema.parse({ limits: { running: 2 } });
  expect(definitionHash(a)).toBe(definitionHash(b));
  expect(definitionHash(a)).not.toBe(definitionHash(emptyDefinition()));
});
