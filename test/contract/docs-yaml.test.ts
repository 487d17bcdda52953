import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";

/* What the docs show is what the schemas take: by another validator than our own. */

const root = join(import.meta.dirname, "../..");
const blocks = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith(".md"))
  .flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8");
    return [...text.matchAll(/^```ya?ml\n([\s\S]*?)^```$/gm)].map(([, block = ""], index) => ({ file, index, block }));
  });

/** A document that says in its first line what it is; the others are parts, or workflows. */
function schemaOf(block: string): string | undefined {
  const [first = ""] = block.split("\n");
  return (
    /\$schema=\S*\/(schema\/\S+)$/.exec(first)?.[1] ?? (/^# launch-config\.yaml$/.test(first) ? config : undefined)
  );
}
const config = "schema/launch-config.schema.json";

const whole = blocks.flatMap(({ file, index, block }) => {
  const schema = schemaOf(block);
  return schema === undefined ? [] : [{ file, index, block, schema }];
});

test.each(whole)("block $index of $file is taken by $schema", ({ block, schema }) => {
  const validate = new Ajv({ allowUnionTypes: true, allErrors: true }).compile(
    z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(join(root, schema), "utf8"))),
  );
  validate(parse(block));
  expect(validate.errors ?? []).toEqual([]);
});

test("each kind of document is shown somewhere, and all that is shown is YAML", () => {
  const kinds = ["launch-config", "launch-queue", "launch"].map((name) => `schema/${name}.schema.json`);
  expect([...new Set(whole.map(({ schema }) => schema))].sort()).toEqual(kinds.sort());
  for (const { file, block } of blocks) expect(() => parse(block) as unknown, file).not.toThrow();
});
