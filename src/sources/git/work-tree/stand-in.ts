import { randomUUID } from "node:crypto";
import { mkdir, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { GitRequest } from "../../../clients/git/git.ts";
import { type ScratchRepository, writingTo } from "../../../clients/git/scratch-repository.ts";
import { type ConfigEntry, configEntries } from "./config-file.ts";
import type { GitPlace } from "./git-place.ts";
import { repositoryText } from "../repository-text.ts";
import { writeNamed } from "../../../core/folders/write-named.ts";

/*
 * A git directory of our own in the place of a checkout's, for the commands that look at files: there git would run the filters, the hooks
 * and the file watch that the repository's own configuration names, and a `.git` may have come from anybody. This one has the repository's
 * HEAD, refs, index and what says how files are compared, and none of its programs. The user's own configuration counts as ever.
 */

export type StandIn = {
  /** Filters that the repository's own configuration defines: they are not run. */
  readonly filters: readonly string[];
  /** The request of a command that sees the files at `workTree` as the checkout's. */
  request(command: Omit<GitRequest, "cwd">, workTree: string): GitRequest;
};

/** What decides how files and index are compared and stored. */
const takenKeys: ReadonlySet<string> = new Set(
  [
    ...["autocrlf", "eol", "safecrlf", "filemode", "symlinks", "ignorecase", "precomposeunicode", "protecthfs"],
    ...["protectntfs", "trustctime", "checkstat", "sparsecheckout", "sparsecheckoutcone", "checkroundtripencoding"],
    ...["bigfilethreshold", "excludesfile"],
  ].map((name) => `core.${name}`),
);
const takenExtensions: readonly string[] = ["extensions.objectformat", "extensions.refstorage"];

export async function makeStandIn(place: GitPlace, repository: ScratchRepository): Promise<StandIn> {
  const { gitDirectory, commonDirectory } = place;
  const directory = join(repository.directory, `stand-in-${randomUUID()}`);
  const texts = await Promise.all([
    textOf(join(commonDirectory, "config")),
    textOf(join(gitDirectory, "config.worktree")),
  ]);
  const entries = texts.flatMap((text) => [...configEntries(text)]);
  await mkdir(join(directory, "info"), { recursive: true });
  const shared = ["refs", "packed-refs", "reftable"];
  const copied = ["info/exclude", "info/attributes"];
  const indexParts = (await readdir(gitDirectory)).filter((name) => name.startsWith("sharedindex."));
  await Promise.all([
    writeNamed(join(directory, "config"), configText(entries)),
    writeNamed(join(directory, "HEAD"), await textOf(join(gitDirectory, "HEAD"))),
    ...shared.map((name) => symlink(join(commonDirectory, name), join(directory, name))),
    ...indexParts.map((name) => symlink(join(gitDirectory, name), join(directory, name))),
    ...copied.map((name) => copyText(join(commonDirectory, name), join(directory, name))),
    copyText(join(gitDirectory, "info/sparse-checkout"), join(directory, "info/sparse-checkout")),
  ]);
  const objects = join(commonDirectory, "objects");
  return {
    filters: filtersOf(entries),
    request: (command, workTree) => ({
      ...command,
      cwd: workTree,
      args: ["--git-dir", directory, "--work-tree", workTree, ...command.args],
      env: {
        GIT_INDEX_FILE: join(gitDirectory, "index"),
        ...writingTo(repository, objects),
        ...command.env,
      },
    }),
  };
}

function configText(entries: readonly ConfigEntry[]): string {
  const quoted = (value: string): string => JSON.stringify(value.replace(/[\n\t\b]/g, " "));
  const linesOf = (section: string, isTaken: (key: string) => boolean): readonly string[] =>
    entries
      .filter(({ key }) => isTaken(key))
      .map(({ key, value }) => `\t${key.slice(section.length + 1)} = ${quoted(value)}`);
  return [
    "[core]",
    ...linesOf("core", (key) => takenKeys.has(key)),
    "\trepositoryFormatVersion = 1",
    "\tbare = false",
    "[extensions]",
    ...linesOf("extensions", (key) => takenExtensions.includes(key)),
    "",
  ].join("\n");
}

function filtersOf(entries: readonly ConfigEntry[]): readonly string[] {
  const names = entries.map(({ key }) => /^filter\.(.*)\.(?:clean|smudge|process)$/s.exec(key)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

async function textOf(path: string): Promise<string> {
  return (await repositoryText(path)) ?? "";
}

async function copyText(from: string, to: string): Promise<void> {
  const text = await textOf(from);
  if (text !== "") await writeNamed(to, text);
}
