import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ErrorCode } from "../../core/errors.ts";
import { type GitConfig, type GitRequest, gitOrThrow } from "./git.ts";
import { maxListingBytes } from "./objects/list-tree.ts";
import { accessConfig, type RemoteAccess } from "./remotes/remote-access.ts";
import { inRepository, type ObjectFormat, type Repository, type RepositoryCommand } from "./repository.ts";
import { writeNamed } from "../../core/folders/write-named.ts";

/**
 * A bare repository of our own. It borrows objects from others (alternates) and takes all that we write, so that a user's
 * repository is only ever read.
 */
export type ScratchRepository = Repository & {
  /** Its object directory: where commands that run in a user's work tree must write. */
  readonly objects: string;
  /** Settings for commands that read a user's work tree: git-lfs keeps what it hashes here, not in the user's repository. */
  readonly settings: GitConfig;
  /** Changes the kind of its hashes; only while it is empty. */
  useFormat(format: ObjectFormat): Promise<void>;
  /** Where git gets objects that the lenders left out (a partial clone). */
  completeFrom(access: RemoteAccess): Promise<void>;
  /** Borrows the objects of these object directories too. */
  borrow(objectDirectories: readonly string[]): Promise<void>;
  remove(): Promise<void>;
};

/**
 * Blobs are written to files exactly as they are: no line-ending conversion, no keyword, no re-encoding, no filter (an LFS
 * smudge would need the network and its own credentials). `info/attributes` beats every `.gitattributes` of the tree.
 */
const exactBytes = "* -text -eol -ident -filter -working-tree-encoding\n";

function configOf(format: ObjectFormat): string {
  return `[core]
	repositoryformatversion = 1
	bare = true
	autocrlf = false
	safecrlf = false
	fileMode = true
	symlinks = true
	ignoreCase = false
	hooksPath = /dev/null
	fsmonitor = false
	fsync = none
[gc]
	auto = 0
[maintenance]
	auto = false
[extensions]
	objectFormat = ${format}
`;
}

const promisor = (url: string): string => `	partialClone = lender
[remote "lender"]
	url = ${JSON.stringify(url)}
	promisor = true
	partialclonefilter = blob:none
`;

/** Makes one in a folder that must not exist. Written by hand: `git init` costs a process and copies the user's template. */
export async function createScratchRepository(directory: string, format: ObjectFormat): Promise<ScratchRepository> {
  const objects = join(directory, "objects");
  await mkdir(directory, { mode: 0o700 });
  await Promise.all([
    mkdir(join(objects, "info"), { recursive: true }),
    mkdir(join(directory, "refs")),
    mkdir(join(directory, "info")),
  ]);
  await Promise.all([
    writeNamed(join(directory, "HEAD"), "ref: refs/heads/none\n"),
    writeNamed(join(directory, "config"), configOf(format)),
    writeNamed(join(directory, "info", "attributes"), exactBytes),
  ]);
  const borrowed = new Set<string>();
  let current = format;
  let lender: RemoteAccess | undefined;
  return {
    directory,
    get format() {
      return current;
    },
    objects,
    settings: [["lfs.storage", join(directory, "lfs")]],
    useFormat: (other) => {
      current = other;
      return writeNamed(join(directory, "config"), configOf(other));
    },
    completeFrom: (access) => {
      lender = access;
      return writeNamed(join(directory, "config"), configOf(current) + promisor(access.url));
    },
    config: () => (lender === undefined ? [] : accessConfig(lender)),
    protocols: () => lender?.protocols ?? [],
    borrow: async (objectDirectories) => {
      for (const from of objectDirectories) borrowed.add(from);
      await writeNamed(join(objects, "info", "alternates"), [...borrowed].map((from) => `${from}\n`).join(""));
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** The request of a git command in a scratch repository: patches of big repositories are as long as listings of them. */
export function inScratch(repository: ScratchRepository, command: RepositoryCommand): GitRequest {
  return inRepository(repository, { maxOutputBytes: maxListingBytes, ...command });
}

/** Runs git in a scratch repository; it must succeed. */
export function scratchGit(
  repository: ScratchRepository,
  command: RepositoryCommand,
  code: ErrorCode = "source-failed",
): Promise<Buffer> {
  return gitOrThrow(inScratch(repository, command), code);
}

/** Lets a command in another repository read its objects and write new ones to the scratch repository. */
export function writingTo(repository: ScratchRepository, objectsOfOther: string): Record<string, string> {
  const quoted = /[:"]/.test(objectsOfOther) ? JSON.stringify(objectsOfOther) : objectsOfOther;
  return { GIT_OBJECT_DIRECTORY: repository.objects, GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted };
}
