import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { passedOn } from "../../src/resources/local-process/launcher-environment.ts";

test("every variable that docs/resources.md says a process gets of the launcher's environment is one that passes", () => {
  const docs = readFileSync(join(import.meta.dirname, "../../docs/resources.md"), "utf8");
  const table = docs.split("| what | names |")[1]?.split("\n\n")[0] ?? "";
  const names = [...table.matchAll(/[A-Z_]{3,}\*?/g)].map(([name]) => name.replace("*", "X"));
  expect(names).toContain("CONDA_PREFIX");
  const environment = Object.fromEntries([...names, "GITHUB_TOKEN", "LC_API_KEY"].map((name) => [name, "1"]));
  expect(Object.keys(passedOn(environment)).sort()).toEqual([...new Set(names)].sort());
});
