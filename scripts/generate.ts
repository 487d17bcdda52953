import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isFileMissing } from "../src/core/errors.ts";
import { generateAction } from "./generate-action.ts";
import { generateSchemas } from "./generate-schemas.ts";
import { generateSql } from "./generate-sql.ts";
import { generateTables } from "./generate-tables.ts";

/*
 * Writes what is made from other files. With `--check` it writes nothing, and fails where a committed file is not what
 * would be written.
 */
const root = join(import.meta.dirname, "..");
const generators = [
  generateSchemas,
  () => [generateAction(root)],
  () => [generateSql(root)],
  () => generateTables(root),
];
const check = process.argv.includes("--check");

function committed(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch (error) {
    if (isFileMissing(error)) return undefined;
    throw error;
  }
}

for (const { path, content } of generators.flatMap((generate) => generate())) {
  if (committed(path) === content) continue;
  if (check) {
    console.error(`${path} is not what its source says; run: npm run generate`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
    console.log(`wrote ${path}`);
  }
}
