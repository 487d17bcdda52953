import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lsRefs } from "../../../../src/clients/git/remotes/ls-refs.ts";
import { temporaryFolder, type TemporaryFolder, type TestRepository } from "../../../support/git/git-repository.ts";
import { type GitServer, type Interception, startGitServer } from "../../../support/git/git-server.ts";

/* Expectations are what git itself says of the repository, and the protocol's own words for what an answer is. */

let folder: TemporaryFolder;
let bare: TestRepository;
let server: GitServer;
let answer: Interception | undefined;

beforeEach(async () => {
  answer = undefined;
  folder = temporaryFolder();
  const source = folder.repository("source");
  source.commit("a");
  bare = folder.bare("srv/train.git");
  source.git("push", "--quiet", bare.directory, "main");
  for (const name of ["q/gpu/p/1", "q/gpu/l/2", "q/gpu2/p/3", "a/box-ü"]) {
    bare.git("update-ref", `refs/launch/v1/${name}`, "refs/heads/main");
  }
  server = await startGitServer({ root: join(folder.path, "srv"), intercept: () => answer });
});
afterEach(async () => {
  await server.stop();
  folder.remove();
});

const listed = (...prefixes: readonly string[]): ReturnType<typeof lsRefs> =>
  lsRefs({ url: `${server.url}/train.git`, token: undefined }, prefixes, AbortSignal.timeout(30_000));
const id = "1".repeat(40);
const line = (text: string): string => `${(Buffer.byteLength(text) + 4).toString(16).padStart(4, "0")}${text}`;

test("the refs below several prefixes come in one request, and no others", async () => {
  const prefixes = ["refs/launch/v1/q/gpu/", "refs/launch/v1/a/"];
  const format = "--format=%(objectname) %(refname)";
  const expected = bare.git("for-each-ref", format, ...prefixes).split("\n");
  const found = await listed(...prefixes);
  expect(found.kind === "refs" ? found.refs.map((ref) => `${ref.id} ${ref.name}`).sort() : found).toEqual(
    [...expected].sort(),
  );
  expect(server.requests).toHaveLength(1);
  expect(await listed("refs/launch/v1/q/none/")).toEqual({ kind: "refs", refs: [] });
});

test.each([
  ["that is cut off between two lines", line(`${id} refs/x/1\n`)],
  ["that is cut off in a line", `${line(`${id} refs/x/1\n`)}003d${id} refs`],
  ["that is empty", ""],
  ["of a page to sign in at", "<html>Sign in</html>"],
  ["of an error line", `${line("ERR the repository is away\n")}0000`],
  ["of lines that are no refs", `${line("0123456789 refs/x/1\n")}0000`],
])("an answer %s is no list, not even an empty one", async (_what, body) => {
  answer = { kind: "answer", status: 200, body };
  expect((await listed("refs/x/")).kind).toBe("unclear");
});

test.each([301, 401, 403, 404, 429, 500, 503])("neither is one with the status %i", async (status) => {
  answer = { kind: "answer", status, headers: { location: `${server.url}/train.git` }, body: "0000" };
  expect(await listed("refs/x/")).toMatchObject({ kind: "unclear", said: `HTTP ${status}` });
});

test("a server that never answers is left when that is asked for", async () => {
  answer = { kind: "hang" };
  const leaving = new AbortController();
  const listing = lsRefs({ url: `${server.url}/train.git`, token: undefined }, ["refs/"], leaving.signal);
  leaving.abort(new Error("enough"));
  await expect(listing).rejects.toThrow("enough");
});
