import { randomUUID } from "node:crypto";
import { mkdir, readdir, readlink, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { GitRequest } from "../../../clients/git/git.ts";
import type { ObjectFormat } from "../../../clients/git/repository.ts";
import { type ScratchRepository, writingTo } from "../../../clients/git/scratch-repository.ts";
import { writeNamed } from "../../../core/folders/write-named.ts";
import { type ConfigEntry, configEntries } from "./config-file.ts";
import type { GitPlace } from "./git-place.ts";
import { namesRef } from "./own-files.ts";
import { repositoryText } from "../repository-text.ts";
import { configText, excludesOf, promisorsIn } from "./taken-config.ts";

/*
 * A git directory of our own in the place of a checkout's, for every command that reads it: there git would run the filters, the hooks
 * and the file watch that the repository's own configuration names, and wait for whatever it includes; a `.git` may have come from anybody.
 * This one has the repository's HEAD, refs, index, where its remotes are and what says how files are compared, and none of its programs.
 * The user's own configuration counts as ever.
 */

type Command = Omit<GitRequest, "cwd">;

export type StandIn = {
  readonly format: ObjectFormat;
  /** Where the repository's configuration says that its files are. */
  readonly namedWorkTree: string | undefined;
  /** Filters that the repository's own configuration defines: they are not run. */
  readonly filters: readonly string[];
  /** Its remotes that hold what a partial clone left out, as `git config -z` lists them. */
  readonly promisors: string;
  /** The request of a command that sees the files at `workTree` as the checkout's. */
  request(command: Command, workTree: string): GitRequest;
  /** The request of one that asks for settings: the user's own may hold for a git directory's path alone (`includeIf`). */
  settingsRequest(command: Command): GitRequest;
  /** Has HEADs of other names, like FETCH_HEAD, which are nearly never asked for. */
  takeHead(name: string): Promise<void>;
};

export async function makeStandIn(place: GitPlace, repository: ScratchRepository): Promise<StandIn> {
  const { gitDirectory, commonDirectory, toplevel } = place;
  const directory = join(repository.directory, `stand-in-${randomUUID()}`);
  const texts = await Promise.all([
    textOf(join(commonDirectory, "config")),
    textOf(join(gitDirectory, "config.worktree")),
  ]);
  const entries = texts.flatMap((text) => [...configEntries(text)]);
  await mkdir(join(directory, "info"), { recursive: true });
  const shared = ["refs", "packed-refs", "reftable"];
  const copied = ["info/exclude", "info/attributes", "shallow"];
  const indexParts = (await readdir(gitDirectory)).filter((name) => name.startsWith("sharedindex."));
  const takeHead = async (name: string): Promise<void> =>
    writeNamed(join(directory, name), await headText(join(gitDirectory, name)));
  await Promise.all([
    writeConfig(directory, entries, toplevel),
    takeHead("HEAD"),
    ...shared.map((name) => symlink(join(commonDirectory, name), join(directory, name))),
    ...indexParts.map((name) => symlink(join(gitDirectory, name), join(directory, name))),
    ...copied.map((name) => copyText(join(commonDirectory, name), join(directory, name))),
    copyText(join(gitDirectory, "info/sparse-checkout"), join(directory, "info/sparse-checkout")),
  ]);
  const objects = writingTo(repository, join(commonDirectory, "objects"));
  const valueOf = (wanted: string): string | undefined => entries.findLast(({ key }) => key === wanted)?.value;
  return {
    format: valueOf("extensions.objectformat")?.toLowerCase() === "sha256" ? "sha256" : "sha1",
    // Of linked worktrees each has its own.
    namedWorkTree: gitDirectory === commonDirectory ? valueOf("core.worktree") : undefined,
    filters: filtersOf(entries),
    promisors: promisorsIn(entries),
    request: (command, workTree) => ({
      ...command,
      cwd: workTree,
      args: ["--git-dir", directory, "--work-tree", workTree, ...command.args],
      env: { GIT_INDEX_FILE: join(gitDirectory, "index"), ...objects, ...command.env },
    }),
    settingsRequest: (command) => ({
      ...command,
      cwd: toplevel,
      args: ["--git-dir", gitDirectory, ...command.args],
      env: { GIT_COMMON_DIR: directory, ...objects, ...command.env },
    }),
    takeHead,
  };
}

async function writeConfig(directory: string, entries: readonly ConfigEntry[], toplevel: string): Promise<void> {
  const excludes = await excludesOf(entries, toplevel);
  const file = join(directory, "excludes");
  if (excludes !== undefined) await writeNamed(file, excludes);
  await writeNamed(join(directory, "config"), configText(entries, excludes === undefined ? undefined : file));
}

function filtersOf(entries: readonly ConfigEntry[]): readonly string[] {
  const names = entries.map(({ key }) => /^filter\.(.*)\.(?:clean|smudge|process)$/s.exec(key)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** Once git wrote a link whose words are the ref's name. */
async function headText(path: string): Promise<string> {
  const target = await readlink(path).catch(() => "");
  return namesRef(target) ? `ref: ${target}\n` : textOf(path);
}

async function textOf(path: string): Promise<string> {
  return (await repositoryText(path)) ?? "";
}

async function copyText(from: string, to: string): Promise<void> {
  const text = await textOf(from);
  if (text !== "") await writeNamed(to, text);
}
