import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { version } from "../../../src/core/version.ts";

test("the version that launch says of itself is the package's", () => {
  expect(JSON.parse(readFileSync("package.json", "utf8"))).toMatchObject({ version });
});
