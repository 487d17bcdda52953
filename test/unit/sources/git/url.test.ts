import { describe, expect, test } from "vitest";
import { parseGitUrl, refFault } from "../../../../src/sources/git/url.ts";

describe("a repository's URL", () => {
  test.for([
    ["https://example.org/team/train.git", "https://example.org/team/train.git", "https", "example.org"],
    ["git+https://example.org/team/train", "https://example.org/team/train", "https", "example.org"],
    ["https://example.org:8443/a/b/c/", "https://example.org:8443/a/b/c", "https", "example.org:8443"],
    ["https://github.com/team/train?tab=readme-ov-file#usage", "https://github.com/team/train", "https", "github.com"],
    ["https://me@bitbucket.org/team/train.git", "https://me@bitbucket.org/team/train.git", "https", "bitbucket.org"],
    ["http://127.0.0.1:3000/a.git", "http://127.0.0.1:3000/a.git", "http", "127.0.0.1:3000"],
    ["git+http://localhost/a", "http://localhost/a", "http", "localhost"],
    ["http://[::1]:80/a", "http://[::1]/a", "http", "[::1]"],
    ["ssh://git@example.org:2222/a/b", "ssh://git@example.org:2222/a/b", "ssh", "example.org:2222"],
    ["git+ssh://git@example.org/a/b", "ssh://git@example.org/a/b", "ssh", "example.org"],
    ["git@example.org:team/train.git", "git@example.org:team/train.git", "ssh", "example.org"],
    ["file:///srv/git/a.git", "file:///srv/git/a.git", "file", ""],
    ["git+file:///srv/a", "file:///srv/a", "file", ""],
  ])("%s is understood", ([text, url, transport, host]) => {
    expect(parseGitUrl(text!)).toEqual({ kind: "git", url, transport, host, target: { kind: "default" } });
  });

  test("with a password keeps it apart from what git is given", () => {
    expect(parseGitUrl("https://ada:p%40ss@example.org/a/b.git")).toEqual({
      kind: "git",
      url: "https://example.org/a/b.git",
      transport: "https",
      host: "example.org",
      credential: { user: "ada", password: "p@ss" },
      target: { kind: "default" },
    });
  });

  test.for([
    "http://example.org/a.git",
    "http://127.0.0.1.example.org/a",
    "git://example.org/a.git",
    "ext::sh -c id",
    "ftp://example.org/a",
    "file://elsewhere/a",
    "ssh://-oProxyCommand=id/a",
    "ssh://user:password@example.org/a",
    "git@-oProxyCommand=id:a",
    "git@example.org:-a",
    "https://example.org/",
    "https://example.org/a b",
    "https://example.org/a\u0000b",
    "https://example.org/a\n",
    "https://example.org/a.git?x=1",
    "https://github.com/team/train/issues/3",
    "https://wandb.ai/team/project/runs/abc123",
  ])("%j is refused with a reason", (text) => {
    expect(parseGitUrl(text)).toEqual({ kind: "refused", why: expect.stringMatching(/\w+ \w+/) as string });
  });

  test.for([
    ".",
    "./digits",
    "examples/digits",
    "/srv/train",
    "C/D:e",
    "python:3.11-slim",
    "127.0.0.1:5000/team/train:latest",
    `team/train@sha256:${"a".repeat(64)}`,
    `train@sha256:${"a".repeat(64)}`,
    "--upload-pack=id",
    "",
  ])("%j is no URL", (text) => {
    expect(parseGitUrl(text)).toEqual({ kind: "other" });
  });
});

describe("a page's URL", () => {
  const page = (text: string) => {
    const url = parseGitUrl(text);
    if (url.kind !== "git") throw new Error(`${text}: ${url.kind}`);
    return { url: url.url, target: url.target };
  };
  const path = (text: string, file = false) => ({ kind: "ref-and-path", text, file });
  const ref = (name: string) => ({ kind: "ref", ref: name });
  const github = "https://github.com/team/train";
  const gitlab = "https://gitlab.com/group/sub/train";
  const bitbucket = "https://bitbucket.org/team/train";

  test.for([
    [`${github}/tree/main`, github, path("main")],
    [`${github}/tree/feature/x/sub/dir`, github, path("feature/x/sub/dir")],
    [`${github}/tree/v1.0/a%20b?x#y`, github, path("v1.0/a b")],
    [`${github}/blob/main/train/main.py#L10-L20`, github, path("main/train/main.py", true)],
    [`${github}/commit/${"a".repeat(40)}`, github, ref("a".repeat(40))],
    [`${github}/releases/tag/v1/beta`, github, ref("v1/beta")],
    [`${github}/pull/12`, github, ref("refs/pull/12/head")],
    [`${github}/pull/12/files`, github, ref("refs/pull/12/head")],
    [`${github}/pull/12/commits/${"b".repeat(40)}`, github, ref("b".repeat(40))],
    ["https://git.corp.example/o/r/tree/main/x", "https://git.corp.example/o/r", path("main/x")],
    [`${gitlab}/-/tree/main/dir?ref_type=heads`, gitlab, path("main/dir")],
    [`${gitlab}/-/blob/main/dir/a.py`, gitlab, path("main/dir/a.py", true)],
    [`${gitlab}/-/commit/${"c".repeat(40)}`, gitlab, ref("c".repeat(40))],
    [`${gitlab}/-/tags/v1`, gitlab, ref("v1")],
    [`${gitlab}/-/merge_requests/4/diffs`, gitlab, ref("refs/merge-requests/4/head")],
    [`${bitbucket}/src/main/dir/`, bitbucket, path("main/dir")],
    [`${bitbucket}/src/main`, bitbucket, path("main")],
    [`${bitbucket}/commits/${"d".repeat(40)}`, bitbucket, ref("d".repeat(40))],
    [`${bitbucket}/branch/feature/x`, bitbucket, ref("feature/x")],
  ] as const)("%s names its repository and place", ([text, url, target]) => {
    expect(page(text)).toEqual({ url, target });
  });
});

test.for([
  "",
  "-x",
  "--upload-pack=x",
  "a b",
  "a:b",
  "a..b",
  "a~1",
  "a^",
  "a\n",
  "@",
  "a@{1}",
  "/a",
  "a/",
  "a.lock",
  "a//b",
  ".a",
  "a/.b",
  "+a*",
  "a\u007f",
])("%j can't be a version", (text) => {
  expect(refFault(text)).toEqual(expect.any(String));
});

test.for(["main", "feature/x", "v1.0-rc.1", "refs/pull/1/head", "a".repeat(40), "HEAD", "ünï"])(
  "%s can be a version",
  (text) => {
    expect(refFault(text)).toBeUndefined();
  },
);
