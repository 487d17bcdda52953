import { setTimeout as delay } from "node:timers/promises";
import { commitFile, filesIn } from "../../../clients/git/branch-files.ts";
import { readObjects } from "../../../clients/git/objects/read-objects.ts";
import type { Repository } from "../../../clients/git/repository.ts";
import type { RefAnswer, RefChange } from "../../../clients/git/refs.ts";
import { LaunchError } from "../../../core/errors.ts";
import { queueNamePattern } from "../../../queues/definition.ts";
import { maxDefinitionBytes } from "../../../run/bounds.ts";
import type { DefinitionChange, DefinitionStore, DefinitionWrite, StoredDefinition } from "../../definition-store.ts";

/*
 * Queue definitions as files of the repository's default branch. That branch is the admin's: its protection decides who may change them.
 * A write builds on the tip that was read; when the branch has moved meanwhile, it is built again as long as the file is still the
 * expected one.
 */

export type BranchTip = {
  /** The whole ref name. */
  readonly branch: string;
  /** Undefined while the branch has no commit. */
  readonly commit: string | undefined;
};

/** The default branch of a store's repository, wherever that is. */
export interface DefinitionBranch {
  /** One cheap look, or none where it was seen at most `mayBeOldMs` ago. Undefined when there is no repository yet. */
  tip(signal: AbortSignal, mayBeOldMs: number): Promise<BranchTip | undefined>;
  /** A local repository that has the tip's trees. */
  repository(tip: BranchTip, signal: AbortSignal): Promise<Repository>;
  /** Brings the contents of files into it. */
  obtain(repository: Repository, blobs: readonly string[], signal: AbortSignal): Promise<void>;
  /** For a write; makes the repository where it is ours to make. */
  tipForWriting(signal: AbortSignal): Promise<BranchTip>;
  move(repository: Repository, change: RefChange, signal: AbortSignal): Promise<RefAnswer>;
  /** Why nothing may be written to it from here, where that is known. */
  refusal(): string | undefined;
}

const folder = ".launch/queues";
const fileName = /^(.+)\.ya?ml$/;

const attempts = 5;
const retryMs = 50;

export function gitDefinitions(branch: DefinitionBranch, now: () => Date): DefinitionStore {
  let seen: { readonly commit: string; readonly definitions: readonly StoredDefinition[] } | undefined;

  const readAt = async (tip: BranchTip, signal: AbortSignal): Promise<readonly StoredDefinition[]> => {
    const { commit } = tip;
    if (commit === undefined) return [];
    if (seen?.commit === commit) return seen.definitions;
    const definitions = await readDefinitions(branch, { ...tip, commit }, signal);
    seen = { commit, definitions };
    return definitions;
  };
  const list = async (signal: AbortSignal, mayBeOldMs: number): Promise<readonly StoredDefinition[]> => {
    const tip = await branch.tip(signal, mayBeOldMs);
    return tip === undefined ? [] : readAt(tip, signal);
  };

  const write = async (change: DefinitionChange, signal: AbortSignal): Promise<DefinitionWrite> => {
    let said = "";
    let last: BranchTip | undefined;
    let answered = false;
    for (let attempt = 0; attempt <= attempts; attempt++) {
      if (attempt > 1) await delay(Math.random() * retryMs * 2 ** attempt, undefined, { signal });
      const tip = await branch.tipForWriting(signal);
      const there = (await readAt(tip, signal)).find(({ name }) => name === change.name);
      const path = there?.path ?? `${folder}/${change.name}.yaml`;
      if (isDone(there, change)) return { kind: "written", path };
      if (there?.version !== change.expected) return { kind: "conflict" };
      const refusal = branch.refusal();
      // The branch is where it was, and still the move was not made: it is not for us to move. Who has had no answer asks more often.
      const isRefused = last?.commit === tip.commit && attempt > 0 && (answered || attempt === attempts);
      if (refusal !== undefined || isRefused) {
        return { kind: "protected", path, branch: shortName(tip.branch), said: refusal ?? said };
      }
      last = tip;
      const repository = await branch.repository(tip, signal);
      const content = change.text;
      const message = messageOf(change);
      const commit = await commitFile(repository, { on: tip.commit, path, content, message, time: now() }, signal);
      const answer = await branch.move(repository, { name: tip.branch, from: tip.commit, to: commit }, signal);
      if (answer.kind === "done") return { kind: "written", path };
      ({ said, answered } = answer);
    }
    throw new LaunchError("store-failed", `queue "${change.name}": its definition could not be written: ${said}`);
  };

  return {
    list: (signal) => list(signal, 0),
    read: async (name, signal, mayBeOldMs = 0) =>
      (await list(signal, mayBeOldMs)).find((definition) => definition.name === name),
    write,
  };
}

/** A lost answer to an earlier try: what is wanted is there. */
function isDone(there: StoredDefinition | undefined, { text, expected }: DefinitionChange): boolean {
  if (text === undefined) return there === undefined && expected !== undefined;
  return there?.text === text && there.version !== expected;
}

function messageOf({ name, text, expected, by }: DefinitionChange): string {
  const verb = text === undefined ? "Delete" : expected === undefined ? "Create" : "Change";
  return `${verb} queue ${name}\n\nBy ${by.replace(/\p{Cc}/gu, " ")}, with launch queue.`;
}

function shortName(branch: string): string {
  return branch.replace(/^refs\/heads\//, "");
}

async function readDefinitions(
  branch: DefinitionBranch,
  tip: BranchTip & { readonly commit: string },
  signal: AbortSignal,
): Promise<readonly StoredDefinition[]> {
  const repository = await branch.repository(tip, signal);
  const files = (await filesIn(repository, { commit: tip.commit, folder }, signal)).flatMap(({ name: file, blob }) => {
    const name = fileName.exec(file)?.[1];
    return name === undefined || !queueNamePattern.test(name) ? [] : [{ name, blob, path: `${folder}/${file}` }];
  });
  const blobs = files.map(({ blob }) => blob);
  await branch.obtain(repository, blobs, signal);
  const contents = await readObjects(repository, { revisions: blobs, maxBytes: maxDefinitionBytes }, signal);
  return files.map(({ name, blob, path }, index) => {
    const content = contents[index]?.content;
    if (content !== undefined) return { name, version: blob, path, text: content.toString() };
    const unreadable = `${path} is missing or damaged, or longer than ${maxDefinitionBytes} bytes`;
    return { name, version: blob, path, text: "", unreadable };
  });
}
