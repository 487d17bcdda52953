import { expect, test } from "vitest";
import { redactionOf, withoutCredentials } from "../../../../src/core/output/redaction.ts";

const secret = 'pa"ss w/rd+1';

test.each([
  ["as it is", `x ${secret} y`],
  ["in JSON", JSON.stringify({ key: secret })],
  ["percent-encoded", `https://u:${encodeURIComponent(secret)}@host/`],
  ["as base64", `auth ${Buffer.from(secret).toString("base64")}`],
])("a secret is taken out %s", (_form, text) => {
  const clean = redactionOf([secret])(text);
  expect(clean).toContain("***");
  expect(clean).not.toContain("ss w");
  expect(clean).not.toContain(Buffer.from(secret).toString("base64"));
});

test("each line of a multi-line secret is taken out, and a value inside another leaves nothing behind", () => {
  expect(redactionOf(["line-one\nline-two"])("a line-two b")).toBe("a *** b");
  expect(redactionOf(["abcd", "abcdefgh"])("abcdefgh")).toBe("***");
});

test("a URL is shown without user and password", () => {
  expect(withoutCredentials("https://user:pw@host/a@b")).toBe("https://host/a@b");
  expect(withoutCredentials("git@host:a/b")).toBe("git@host:a/b");
});
