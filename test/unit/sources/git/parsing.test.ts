import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wordsOf } from "../../../../src/clients/git/git.ts";
import { progressOf } from "../../../../src/clients/git/remotes/fetch.ts";
import { fetchHeadName, isLocalPath, parseFetchHead, parseRemotes } from "../../../../src/sources/git/remotes.ts";
import { submoduleUrl } from "../../../../src/sources/git/remote-submodules.ts";
import { parseGitUrl } from "../../../../src/sources/git/url.ts";
import { divideRefAndPath } from "../../../../src/sources/git/version.ts";

const hash = "0123456789".repeat(4);

describe("FETCH_HEAD", () => {
  test("gives each commit and where it came from", () => {
    const text = [
      `${hash}\t\tbranch 'main' of https://example.org/team/train`,
      `${hash}\tnot-for-merge\ttag 'v1 of x' of example.org:team/train`,
      `${hash}\t\t'${hash}' of /srv/git/train`,
      `${hash}\t\thttps://example.org/plain`,
      "rubbish",
      "",
    ].join("\n");
    expect(parseFetchHead(text).map(({ from }) => from)).toEqual([
      "https://example.org/team/train",
      "example.org:team/train",
      "/srv/git/train",
      "https://example.org/plain",
    ]);
  });

  test.for([
    ["https://user:secret@example.org/team/train.git", "https://example.org/team/train"],
    ["https://example.org/team/train/", "https://example.org/team/train"],
    ["git@example.org:team/train.git", "example.org:team/train"],
    ["/srv/git/train.git/", "/srv/git/train"],
  ])("names the remote %s as %s", ([url, name]) => {
    expect(fetchHeadName(url!)).toBe(name);
  });
});

test("remotes, upstreams and rewritten URLs are read from the configuration, dots in names included", () => {
  const output = [
    "remote.origin.url\nhttps://example.org/a.git",
    "remote.my.fork.url\ngit@example.org:b.git",
    "branch.v1.x.remote\nmy.fork",
    "url.https://example.org/.insteadof\nwork:",
    "",
  ].join("\0");
  const remotes = parseRemotes(output);
  expect([...remotes.urls]).toEqual([
    ["origin", "https://example.org/a.git"],
    ["my.fork", "git@example.org:b.git"],
  ]);
  expect([...remotes.upstreams]).toEqual([["v1.x", "my.fork"]]);
  expect(remotes.rewritten).toBe(true);
});

test.for([
  ["/srv/a", true],
  ["../a", true],
  ["./a:b", true],
  ["file:///a", true],
  ["https://example.org/a", false],
  ["git@example.org:a", false],
  ["host:a", false],
] as const)("%s is a path of this machine: %s", ([url, expected]) => {
  expect(isLocalPath(url)).toBe(expected);
});

describe("a submodule's URL", () => {
  const from = (parent: string, text: string): string => {
    const url = parseGitUrl(parent);
    if (url.kind !== "git") throw new Error(parent);
    return submoduleUrl(url, text, "sub").url;
  };

  test.for([
    ["https://example.org/team/outer.git", "../inner.git", "https://example.org/team/inner.git"],
    ["https://example.org/team/outer", "./inner", "https://example.org/team/outer/inner"],
    ["https://example.org/team/outer", "../../other/inner", "https://example.org/other/inner"],
    ["git@example.org:team/outer.git", "../inner.git", "git@example.org:team/inner.git"],
    ["ssh://git@example.org:22/team/outer", "../inner", "ssh://git@example.org:22/team/inner"],
    ["https://example.org/a", "https://elsewhere.org/b.git", "https://elsewhere.org/b.git"],
    ["file:///srv/outer", "../inner", "file:///srv/inner"],
  ])("from %s, %s is %s", ([parent, text, url]) => {
    expect(from(parent!, text!)).toBe(url);
  });

  test("may not lead to something nearer to this machine than its repository", () => {
    expect(() => from("https://example.org/a", "file:///srv/b")).toThrow("may lead to");
    expect(() => from("https://example.org/a", "http://127.0.0.1/b")).toThrow("may lead to");
    expect(() => from("https://example.org/a", "ext::sh")).toThrow("remote helper");
    expect(() => from("https://example.org/a", "/srv/b")).toThrow("may lead to");
  });
});

test("a ref with slashes is divided from a folder by the refs that exist, the longest first", () => {
  const remote = {
    head: undefined,
    refs: ["refs/heads/feature/x", "refs/tags/feature"].map((name) => ({ name, hash })),
  };
  expect(divideRefAndPath("feature/x/sub", remote)).toEqual({ ref: "feature/x", path: "sub" });
  expect(divideRefAndPath("feature/y", remote)).toEqual({ ref: "feature", path: "y" });
  expect(divideRefAndPath(`${hash}/sub/dir`, remote)).toEqual({ ref: hash, path: "sub/dir" });
});

test.for([
  [
    "Receiving objects:  63% (63/100), 12.40 MiB | 3.10 MiB/s\rReceiving objects:  64% (64/100), 12.90 MiB | 3 MiB/s",
    "receiving objects 64 % (12.90 MiB)",
  ],
  ["Resolving deltas: 100% (5/5), done.\n", "resolving deltas 100 %"],
  ["From https://example.org/a\n", undefined],
] as const)("git's progress %j reads as %s", ([text, detail]) => {
  expect(progressOf(text)).toBe(detail);
});

const counted = [
  "Enumerating objects",
  "Counting objects",
  "Compressing objects",
  "Receiving objects",
  "Resolving deltas",
];

/** What git writes while it counts, on whichever side, up to where it broke off. */
const progress = fc
  .array(
    fc.record({
      what: fc.constantFrom(...counted, "Unpacking objects", "Updating files", "Filtering content", "Writing objects"),
      side: fc.constantFrom("", "remote: "),
      all: fc.integer({ min: 1, max: 200_000 }),
      to: fc.integer({ min: 0, max: 100 }),
      end: fc.constantFrom("\r", "\n"),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((parts) =>
    parts
      .map(({ what, side, all, to, end }) => {
        if (what === "Enumerating objects") return `${side}${what}: ${all}, done.${end}`;
        const done = Math.floor((all * to) / 100);
        const size = what === "Receiving objects" ? `, ${(all / 1024).toFixed(2)} MiB | 3.10 MiB/s` : "";
        const count = `${String(to).padStart(3)}% (${done}/${all})${size}`;
        return `${side}${what}: ${count}${to === 100 ? ", done." : ""}${end}`;
      })
      .join(""),
  );

// As git 2.39 to 2.51 say it.
test.each([
  [
    "an object that the other side lacks",
    [
      "remote: fatal: unable to read 7f8f011eb73d6043d2e6db9d2c101195ae2801f2",
      "error: git upload-pack: git-pack-objects died with error.",
      "remote: aborting due to possible repository corruption on the remote side.",
      "fatal: early EOF",
      "fatal: fetch-pack: invalid index-pack output",
    ],
    ["unable to read 7f8f011eb73d6043d2e6db9d2c101195ae2801f2", "invalid index-pack output"],
  ],
  [
    "a connection that was reset",
    [
      "error: RPC failed; curl 56 Recv failure: Connection reset by peer",
      "error: 3042 bytes of body are still expected",
      "fetch-pack: unexpected disconnect while reading sideband packet",
      "fatal: early EOF",
      "fatal: fetch-pack: invalid index-pack output",
    ],
    ["Connection reset by peer", "early EOF"],
  ],
  [
    "a full disk",
    ["fatal: write error: No space left on device", "fatal: fetch-pack: invalid index-pack output"],
    ["No space left on device"],
  ],
  [
    "a repository that isn't there",
    ["remote: Repository not found.", "fatal: repository 'https://example.org/a.git/' not found"],
    ["Repository not found"],
  ],
  [
    "an ssh that wasn't let in",
    ["git@example.org: Permission denied (publickey).", "fatal: Could not read from remote repository."],
    ["Could not read"],
  ],
])("what git says of %s is told, whatever it had counted before", (_name, said, told) => {
  fc.assert(
    fc.property(progress, (before) => {
      const words = wordsOf(`${before}${said.join("\n")}\n`);
      for (const each of told) expect(words).toContain(each);
      for (const each of counted) expect(words).not.toContain(each);
    }),
  );
});
