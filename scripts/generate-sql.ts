import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Comment lines that a file begins with are for its readers: a released step can't take a word more. */
const preface = /^(?:--.*\n)+/;

/** The module that holds the text of each of Postgres' .sql files, by its name: the bundle has code only. */
export function generateSql(root: string): { readonly path: string; readonly content: string } {
  const folder = "src/stores/postgres/migrations";
  const files = readdirSync(join(root, folder)).filter((name) => name.endsWith(".sql"));
  const texts = files.sort().map((name) => {
    const text = readFileSync(join(root, folder, name), "utf8").replace(preface, "");
    return `  ${JSON.stringify(name.replace(/\.sql$/, ""))}:\n    ${JSON.stringify(text)},`;
  });
  return {
    path: `${folder}/sql.ts`,
    content: [
      "/** Generated from the .sql files beside it: `npm run generate`. */",
      "export const sql = {",
      ...texts,
      "} as const;",
      "",
    ].join("\n"),
  };
}
