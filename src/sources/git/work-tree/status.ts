/** What `git status --porcelain=v2 --branch -z` says. Raw paths keep a name's bytes (latin1), so that they can be given back to git. */
export type Status = {
  /** Undefined when HEAD is detached. */
  readonly branch: string | undefined;
  /** Whether there is no commit yet. */
  readonly unborn: boolean;
  /** Whether the index differs from HEAD. */
  readonly staged: boolean;
  /** Raw paths of tracked files that differ from the index. */
  readonly changed: readonly string[];
  readonly unmerged: readonly string[];
  readonly untracked: readonly string[];
  /** Repositories of their own inside the work tree that are no submodules; git adds no single file of them. */
  readonly embedded: readonly string[];
  /** Submodules that are at another commit than the index says. */
  readonly moved: readonly string[];
};

export const rawPath = (path: string): string => Buffer.from(path, "latin1").toString();

/** Parses it; renames must be off, so that each entry has one path. */
export function parseStatus(output: Buffer): Status {
  let branch: string | undefined;
  let unborn = false;
  let staged = false;
  const changed: string[] = [];
  const unmerged: string[] = [];
  const untracked: string[] = [];
  const embedded: string[] = [];
  const moved: string[] = [];
  for (const line of output.toString("latin1").split("\0")) {
    const [kind, states = "", submodule = "N..."] = line.split(" ", 3);
    if (line.startsWith("# branch.oid ")) unborn = line.endsWith(" (initial)");
    if (line.startsWith("# branch.head ")) branch = rawPath(line.slice("# branch.head ".length));
    if (kind === "?") (line.endsWith("/") ? embedded : untracked).push(line.slice(2));
    if (kind === "u") unmerged.push(rawPath(afterFields(line, 10)));
    if (kind !== "1") continue;
    const path = afterFields(line, 8);
    staged ||= !states.startsWith(".");
    // A submodule stays at the index's commit, whatever its own folder holds.
    if (!submodule.startsWith("S")) {
      if (!states.endsWith(".")) changed.push(path);
    } else if (submodule[1] === "C") {
      moved.push(rawPath(path));
    }
  }
  return {
    branch: branch === "(detached)" ? undefined : branch,
    ...{ unborn, staged, changed, unmerged, untracked, embedded, moved },
  };
}

function afterFields(line: string, count: number): string {
  let at = 0;
  for (let field = 0; field < count; field++) at = line.indexOf(" ", at) + 1;
  return line.slice(at);
}
