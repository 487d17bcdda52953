import fc from "fast-check";
import { expect, test } from "vitest";
import { holdsToken, withoutCredentials } from "../../../../src/core/output/credentials.ts";
import { redactionOf } from "../../../../src/core/output/redaction.ts";

const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";

test.each([
  ["https://user:hunter22@host/a@b", "https://host/a@b"],
  ["https://hunter22@host/a", "https://host/a"],
  ["https://u:p@hunter22@host/a", "https://host/a"],
  ["https://u:p/hunter22@host/a", "https://host/a"],
  ["https://u:hunter%2022%40@host", "https://host"],
  ["git+https://x-access-token:hunter22@host/a.git", "git+https://host/a.git"],
  ["ssh://git:hunter22@host/a", "ssh://git@host/a"],
  ["postgres://u:hunter22@h:5432/d", "postgres://h:5432/d"],
  [
    "fatal: Authentication failed for 'https://u:hunter22@host/a.git/'",
    "fatal: Authentication failed for 'https://host/a.git/'",
  ],
  [
    "origin\thttps://u:hunter22@h/a (fetch)\norigin\thttps://u:hunter22@h/a (push)",
    "origin\thttps://h/a (fetch)\norigin\thttps://h/a (push)",
  ],
  [
    "--extra-index-url=https://__token__:hunter22@pypi.example/simple/",
    "--extra-index-url=https://pypi.example/simple/",
  ],
  ["https://h/a?access_token=hunter22&b=1", "https://h/a?access_token=***&b=1"],
  ["https://h/a?x=1&private_token=hunter22#top", "https://h/a?x=1&private_token=***#top"],
  [
    "https://s3/b?X-Amz-Credential=hunter22&X-Amz-Signature=hunter22",
    "https://s3/b?X-Amz-Credential=***&X-Amz-Signature=***",
  ],
  ["https://h/a?sv=1&sig=hunter22", "https://h/a?sv=1&sig=***"],
  ["next=https%3A%2F%2Fu%3Ahunter22%40h%2Fa", "next=https%3A%2F%2Fh%2Fa"],
  ["machine h login u password hunter22", "machine h login u password ***"],
  ["Authorization: Basic aHVudGVyMjI=", "Authorization: Basic ***"],
  [`token ${jwt}!`, "token ***!"],
  ["-----BEGIN RSA PRIVATE KEY-----\nMIIhunter22\n-----END RSA PRIVATE KEY-----\n", "***\n"],
  [`WANDB_API_KEY=${"0a".repeat(20)}`, "WANDB_API_KEY=***"],
])("a credential is taken out of %j by its form", (text, clean) => {
  expect(withoutCredentials(text)).toBe(clean);
  expect(redactionOf([])(text)).toBe(clean);
  expect(redactionOf(["another-secret"]).sure(text)).toBe(clean);
});

test.each([
  "git@host:a/b",
  "ssh://git@host:22/a@b",
  "https://host:8080/a@b",
  "https://host:8080?to=a@b",
  "name@sha256:0123",
  "see https://docs.example/a?page=2&sort=key and mail a@b.example",
  "lr=0.1&momentum=0.9 max_token=512 --keys=a",
])("%s stays as it is", (text) => {
  expect(withoutCredentials(text)).toBe(text);
});

test("no password of a URL stays, whatever characters it has, wherever the URL stands", () => {
  const password = fc.string({
    unit: fc.constantFrom(...Array.from("abcXYZ019-._~!$&*+,;=:%@")),
    minLength: 8,
    maxLength: 30,
  });
  const scheme = fc.constantFrom("https", "http", "ssh", "git+https", "postgres", "redis", "ftp");
  fc.assert(
    fc.property(scheme, password, fc.constantFrom("'", '"', " ", "(", "\n", "="), (how, secret, before) => {
      const text = withoutCredentials(`x${before}${how}://user:${secret}zq@host.example/path y`);
      expect(text).not.toContain(`${secret.slice(-4)}zq`);
      expect(text).toContain("host.example/path y");
    }),
  );
});

test("whether text holds a token is the same however often it is asked", () => {
  const token = `ghp_${"a1".repeat(18)}`;
  expect([holdsToken(token), holdsToken(token), holdsToken("ghp_a1")]).toEqual([true, true, false]);
});

// What costs the square of its length is not done with a megabyte before the test's limit.
test.each([
  ...[
    "gl a-",
    "a-",
    "?",
    "&a.",
    "&a.a",
    "://a:b",
    "://",
    "%3a%2f%2fa",
    "eyJaaaaaaaa.",
    "eyJ-",
    "sk-",
    "glpat-",
    "xoxb-",
  ],
  ...["machine a login ", "authorization : ", "-----BEGIN A PRIVATE KEY", "PRIVATE KEY ", "some.module.name-x.y."],
  "/a/b-c.d",
])("a text of %j and a credential at its end is read to its end, however long it is", (piece) => {
  const text = `${piece.repeat(Math.ceil(1_000_000 / piece.length))} https://u:hunter22@h/a`;
  expect(withoutCredentials(text)).toMatch(/ https:\/\/h\/a$/);
});
