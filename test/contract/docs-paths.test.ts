import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

/* What the docs name is there: source files and folders by their paths, and each other by their links. */

const root = join(import.meta.dirname, "../..");
const files = globSync(["*.md", "docs/**/*.md"], { cwd: root });
const texts = files.map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));

/** In code marks: a path below a folder of ours, or one that ends as a source file does. Decisions may leave out the `src/`. */
function pathsIn(text: string): readonly string[] {
  const named = [...text.matchAll(/`([\w@.-]+(?:\/[\w@.-]+)*\/?)`/g)].map(([, path = ""]) => path);
  return named.filter(
    (path) => /^(?:src|test|scripts|bench)\//.test(path) || /^[a-z-]+\/[\w/-]+\.(?:ts|mjs|sql)$/.test(path),
  );
}

const isThere = (path: string): boolean => existsSync(join(root, path)) || existsSync(join(root, "src", path));
/** `src/registries/NAME/schema.ts` is one to be made. */
const isPlaceholder = (path: string): boolean => /\bNAME\b/.test(path);

test.each(texts)("the paths that $file names are there", ({ text }) => {
  expect(pathsIn(text).filter((path) => !isPlaceholder(path) && !isThere(path))).toEqual([]);
});

test.each(texts)("the files that $file links to are there", ({ file, text }) => {
  const links = [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)].map(([, path = ""]) => path);
  expect(links.filter((path) => !existsSync(join(root, dirname(file), path)))).toEqual([]);
});

test("paths are named in some docs, and one that is not there would be seen", () => {
  expect(texts.flatMap(({ text }) => pathsIn(text)).length).toBeGreaterThan(20);
  const made =
    "`src/core/none.ts`, `core/http.ts`, `src/core/`, `queues/order.ts`, `launch/queues`, `src/x/NAME/index.ts`";
  expect(pathsIn(made).filter((path) => !isPlaceholder(path) && !isThere(path))).toEqual(["src/core/none.ts"]);
});
