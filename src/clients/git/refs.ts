import { git, gitOrThrow, wordsOf } from "./git.ts";
import { inRepository, type Repository } from "./repository.ts";

export type Ref = { readonly name: string; readonly id: string };

/** One ref's move; undefined means that the ref isn't there before, or after. */
export type RefChange = { readonly name: string; readonly from: string | undefined; readonly to: string | undefined };

/**
 * How a change of refs went, as far as the answer says. Everything but a clean success has to be looked at: a lost race, a lock that
 * another holds and a lost answer can't be told apart by what git says.
 */
export type RefAnswer =
  | { readonly kind: "done" }
  /** `answered`: the other side has said no, as opposed to nothing. */
  | { readonly kind: "unclear"; readonly said: string; readonly answered: boolean };

/** A process that holds a ref's lock has it for milliseconds: waiting is better than failing. */
export const lockPatience = [
  ["core.filesRefLockTimeout", "2000"],
  ["core.packedRefsTimeout", "5000"],
] as const;

/** All refs whose names start with one of these (each a whole name, or up to a slash). */
export async function listRefs(
  repository: Repository,
  prefixes: readonly string[],
  signal: AbortSignal,
): Promise<readonly Ref[]> {
  const args = ["for-each-ref", "--format=%(objectname) %(refname)", ...prefixes];
  const doing = `listing the refs of ${repository.directory}`;
  const stdout = await gitOrThrow(inRepository(repository, { args, doing, signal }), "store-failed");
  return stdout
    .toString()
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const space = line.indexOf(" ");
      return { id: line.slice(0, space), name: line.slice(space + 1) };
    });
}

/** Moves refs in a repository on this machine: all of them or none, each only from its expected value. */
export async function updateRefs(
  repository: Repository,
  changes: readonly RefChange[],
  signal: AbortSignal,
): Promise<RefAnswer> {
  const commands = changes.map(({ name, from, to }) => {
    if (to === undefined) return `delete ${name}\0${from ?? ""}\0`;
    return from === undefined ? `create ${name}\0${to}\0` : `update ${name}\0${to}\0${from}\0`;
  });
  const { exitCode, stderr } = await git(
    inRepository(repository, {
      args: ["update-ref", "-z", "--stdin"],
      doing: `moving refs in ${repository.directory}`,
      config: lockPatience,
      input: commands.join(""),
      signal,
    }),
  );
  return exitCode === 0 ? { kind: "done" } : { kind: "unclear", said: wordsOf(stderr), answered: true };
}

/** Whether `commit` is `descendant` or an event before it. Both are in the repository. */
export async function isBefore(
  repository: Repository,
  { commit, descendant }: { readonly commit: string; readonly descendant: string },
  signal: AbortSignal,
): Promise<boolean> {
  const args = ["merge-base", "--is-ancestor", commit, descendant];
  const doing = `comparing commits in ${repository.directory}`;
  const { exitCode } = await git(inRepository(repository, { args, doing, signal }));
  return exitCode === 0;
}
