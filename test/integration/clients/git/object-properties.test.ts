import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  looseFile,
  looseName,
  newBlob,
  newCommit,
  parseCommit,
  parseLooseFile,
} from "../../../../src/clients/git/objects/object-format.ts";
import { parseBatch } from "../../../../src/clients/git/objects/cat-file.ts";
import { readContents, readObjects, readTree } from "../../../../src/clients/git/objects/read-objects.ts";
import { newTree, type TreeEntry, treeEntries } from "../../../../src/clients/git/objects/tree-format.ts";
import { writeLooseObjects, writeObjects } from "../../../../src/clients/git/objects/write-objects.ts";
import { failureOf } from "../../../support/failure.ts";
import { gitEnvironment, temporaryFolder, type TemporaryFolder } from "../../../support/git/git-repository.ts";

/* What we write git reads, and the other way round. Each property is about many objects at once: a process of git for each would take minutes. */

const signal = new AbortController().signal;
const seed = 20_261_129;
const fewTimes = { seed, numRuns: 3, endOnFailure: true } as const;

const contents = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constant(new Uint8Array()),
  fc
    .integer({ min: 100_000, max: 300_000 })
    .map((length) => new Uint8Array(length).map((_byte, at) => (at * at) % 251)),
);

const modes = ["100644", "100755", "120000", "40000", "160000"];

/** Bytes of a name, each as a character: what git takes for a name of a file. */
const names = fc
  .array(
    fc.oneof(
      fc.constantFrom(" ", "\n", "\t", '"', "'", "\\", "-", ".", ":", "a", "0", "\xc3", "\xa9", "\xff"),
      fc.integer({ min: 1, max: 255 }).map(byteText),
    ),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((bytes) => bytes.join(""))
  .filter((name) => !/\/|^\.{1,2}$|git/i.test(name));

function byteText(byte: number): string {
  return String.fromCharCode(byte);
}

/** Among them folders and files of which one's name begins with the other's, whose order isn't that of their names. */
const entryLists = fc.uniqueArray(
  fc.record({ name: fc.oneof(names, fc.constantFrom("a", "a.", "a0", "a-", "ab")), mode: fc.constantFrom(...modes) }),
  {
    selector: ({ name }) => name,
    maxLength: 12,
  },
);

describe.each(["sha1", "sha256"] as const)("with %s", (format) => {
  let folder: TemporaryFolder;
  let directory: string;
  const git = (args: readonly string[], input: string | Uint8Array = ""): Buffer =>
    execFileSync("git", ["--git-dir", directory, ...args], {
      input,
      env: gitEnvironment,
      maxBuffer: 1 << 28,
      stdio: "pipe",
    });
  const entriesOf = (list: readonly { readonly name: string; readonly mode: string }[]): readonly TreeEntry[] =>
    list.map((entry, at) => ({ ...entry, id: newBlob(format, `object ${at}`).id }));
  const sorted = (entries: readonly TreeEntry[]): readonly TreeEntry[] =>
    entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));

  beforeEach(() => {
    folder = temporaryFolder();
    directory = join(folder.path, "objects.git");
    execFileSync("git", ["init", "--quiet", "--bare", `--object-format=${format}`, directory], { env: gitEnvironment });
  });
  afterEach(() => folder.remove());

  test("git reads the blobs and commits that we write, as files and through a pack, and finds no fault in them", async () => {
    const messages = fc.string({ unit: "binary", maxLength: 60 }).map((text) => text.replaceAll("\0", ""));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(contents, messages), { minLength: 20, maxLength: 40 }), async (cases) => {
        const tree = newTree(format, []);
        const objects = cases.flatMap(([content, message], at) => {
          const time = new Date(at * 86_400_000);
          return [newBlob(format, content), newCommit(format, { tree: tree.id, parents: [], message, time })];
        });
        const half = objects.length / 2;
        await writeLooseObjects({ directory, format }, [tree, ...objects.slice(0, half)]);
        await writeObjects({ directory, format }, objects.slice(half), signal);
        const answers = [
          ...parseBatch(git(["cat-file", "--batch"], objects.map(({ id }) => `${id}\n`).join("")), "batch"),
        ];
        expect(answers).toEqual(objects.map((object) => ({ ...object, size: object.content.length })));
        const commits = objects.filter(({ type }) => type === "commit");
        const list = ["log", "--no-walk=unsorted", "--stdin", "--format=%T %ct"];
        expect(
          git(list, commits.map(({ id }) => `${id}\n`).join(""))
            .toString()
            .trim()
            .split("\n"),
        ).toEqual(cases.map((_case, at) => `${tree.id} ${at * 86_400}`));
        git(["fsck", "--strict", "--no-dangling"]);
      }),
      fewTimes,
    );
  });

  test("git makes the same trees of the same entries, and we read them as they were given, loose and packed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entryLists, { minLength: 20, maxLength: 40 }), async (lists) => {
        const trees = lists.map(entriesOf);
        const typeOf = (mode: string): string => (mode === "40000" ? "tree" : mode === "160000" ? "commit" : "blob");
        const lineOf = ({ mode, name, id }: TreeEntry): string =>
          `${mode.padStart(6, "0")} ${typeOf(mode)} ${id}\t${name}\0`;
        const input = trees.map((entries) => `${entries.map(lineOf).join("")}\0`).join("");
        const made = git(["mktree", "-z", "--batch", "--missing"], Buffer.from(input, "latin1")).toString();
        const ids = made.trim().split("\n");
        expect(trees.map((entries) => newTree(format, entries).id)).toEqual(ids);
        const read = async (): Promise<readonly (readonly TreeEntry[] | undefined)[]> =>
          (await readObjects({ directory, format }, { revisions: ids, maxBytes: 1 << 20 }, signal)).map((tree) =>
            tree === undefined ? undefined : sorted([...treeEntries(format, tree)]),
          );
        expect(await read()).toEqual(trees.map(sorted));
        const few = await Promise.all(ids.slice(0, 4).map((id) => readTree({ directory, format }, id, signal)));
        expect(few.map((tree) => tree && sorted(tree))).toEqual(trees.slice(0, 4).map(sorted));
        git(["pack-objects", "--quiet", join(directory, "objects/pack/pack")], `${ids.join("\n")}\n`);
        git(["prune-packed", "--quiet"]);
        expect(await read()).toEqual(trees.map(sorted));
      }),
      fewTimes,
    );
  });

  test("commits that git makes are read, whatever their messages and authors are", async () => {
    const texts = fc.string({ unit: "binary", maxLength: 80 }).map((text) => text.replaceAll("\0", ""));
    const messages = fc.oneof(texts, fc.constantFrom("", "\n\ntree of words", "committer x <y> 5 +0000\n"));
    const people = texts.map((text) => text.replace(/[<>\n]/g, ""));
    const commits = fc.tuple(messages, people, fc.integer({ min: 0, max: 2_000_000_000 }));
    await fc.assert(
      fc.asyncProperty(fc.array(commits, { minLength: 20, maxLength: 40 }), async (cases) => {
        const input = cases.map(([message, person, time], at) => {
          const bytes = Buffer.byteLength(message);
          const who = `committer ${person} <a@example.org> ${time} -0330`;
          return `commit refs/heads/b${at}\nmark :${at + 1}\n${who}\ndata ${bytes}\n${message}\nM 100644 inline f\ndata 1\n${at % 10}\n\n`;
        });
        const marks = join(folder.path, "marks");
        git(["fast-import", "--quiet", "--force", `--export-marks=${marks}`], input.join(""));
        const ids = cases.map(
          (_case, at) => new RegExp(`^:${at + 1} (.*)$`, "m").exec(readFileSync(marks, "utf8"))?.[1],
        );
        const lines = `${ids.join("\n")}\n`;
        const trees = git(["log", "--no-walk=unsorted", "--stdin", "--format=%T"], lines).toString().trim().split("\n");
        const read = await readObjects({ directory, format }, { revisions: ids.map(String), maxBytes: 10_000 }, signal);
        expect(read.map((commit) => commit && parseCommit(commit.content))).toEqual(
          cases.map(([, , time], at) => ({ tree: trees[at], time: new Date(time * 1_000) })),
        );
      }),
      fewTimes,
    );
  });

  test("a tree that was cut within an entry is said to be damaged, by its id", () => {
    fc.assert(
      fc.property(
        entryLists.filter((list) => list.length > 0),
        fc.nat(),
        (list, at) => {
          const tree = newTree(format, entriesOf(list));
          const ends = new Set<number>([0]);
          let end = 0;
          for (const { mode, name, id } of treeEntries(format, tree)) {
            end += mode.length + 1 + name.length + 1 + id.length / 2;
            ends.add(end);
          }
          const bytes = at % tree.content.length;
          fc.pre(!ends.has(bytes));
          expect(() => [...treeEntries(format, { id: tree.id, content: tree.content.subarray(0, bytes) })]).toThrow(
            `the tree ${tree.id} is damaged`,
          );
        },
      ),
      { seed, numRuns: 200 },
    );
  });

  test("a file that was cut, or has other bytes, is not taken for the object", async () => {
    await fc.assert(
      fc.asyncProperty(contents, fc.nat(), fc.integer({ min: 1, max: 255 }), async (content, at, mask) => {
        const blob = newBlob(format, content);
        const file = await looseFile(blob);
        expect(await parseLooseFile(file, 1 << 20)).toEqual({ type: "blob", content: blob.content });
        expect(await parseLooseFile(file.subarray(0, at % file.length), 1 << 20)).toBeUndefined();
        const other = Buffer.from(file.map((byte, index) => (index === at % file.length ? byte ^ mask : byte)));
        const read = await parseLooseFile(other, 1 << 20);
        expect(read === undefined || read.content.equals(blob.content)).toBe(true);
      }),
      { seed, numRuns: 100 },
    );
  });

  test("a source's object whose file was cut is named in the error", async () => {
    const blobs = [newBlob(format, "whole"), newBlob(format, "cut ".repeat(40))] as const;
    await writeLooseObjects({ directory, format }, blobs);
    const file = join(directory, "objects", looseName(blobs[1].id));
    chmodSync(file, 0o644);
    truncateSync(file, 12);
    const ids = blobs.map(({ id }) => id);
    expect((await failureOf(readContents({ directory, format }, ids, signal))).message).toContain(blobs[1].id);
  });
});
