import { expect, test } from "vitest";
import { redactionOf } from "../../../../src/core/output/redaction.ts";
import { secretInPatch } from "../../../../src/clients/git/patch-secrets.ts";

const redact = redactionOf(["hunter2-hunter2"]);
const head = ["diff --git a/old.py b/src/train.py", "--- a/old.py", "+++ b/src/train.py"];

test.each([
  ["of a new line", ["@@ -8,2 +10,3 @@ def main():", " a", "-b", "+c", '+key = "hunter2-hunter2"'], "src/train.py:12"],
  ["of a line that was there", ["@@ -1 +1 @@", " hunter2-hunter2"], "src/train.py:1"],
  ["of a second hunk", ["@@ -1 +1 @@", " a", "@@ -30,2 +31,2 @@", " b", "+hunter2-hunter2"], "src/train.py:32"],
  ["in base64", ["@@ -1 +4 @@", `+${Buffer.from("user:hunter2-hunter2").toString("base64")}`], "src/train.py:4"],
])("a secret in a patch has the place %s", (_where, lines, place) => {
  expect(secretInPatch(Buffer.from([...head, ...lines, ""].join("\n")), redact)).toBe(place);
});

test("the place of a secret doesn't tell it", () => {
  const patch = "diff --git a/x b/hunter2-hunter2.py\n@@ -1 +1 @@\n+x\n";
  expect(secretInPatch(Buffer.from(patch), redact)).toBe("***.py");
});

test("a patch without one has no place", () => {
  expect(secretInPatch(Buffer.from([...head, "@@ -1 +1 @@", "+x", ""].join("\n")), redact)).toBeUndefined();
});
