import type { CommandResult } from "../../../core/process.ts";
import { git } from "../git.ts";
import { inRepository, type Repository, streamed } from "../repository.ts";
import { isObjectType, type ObjectType } from "./object-format.ts";

/* Asks git for objects: many in one process (https://git-scm.com/docs/git-cat-file#_batch_output). */

export type CatFile = {
  readonly repository: Repository;
  /** `batch-check` tells of each object what it is, `batch` its content too. */
  readonly mode: "batch" | "batch-check";
  readonly revisions: readonly string[];
  /** More than this, for all of them together, ends the process with an error. */
  readonly maxContentBytes: number;
};

export type BatchAnswer = {
  readonly id: string;
  readonly type: ObjectType;
  readonly size: number;
  /** Empty where it was not asked for. */
  readonly content: Buffer;
};

export type BatchAnswers = {
  /** In the order of the revisions, as far as git came: it ends at an object that it can't read. Undefined is what isn't there. */
  readonly answers: readonly (BatchAnswer | undefined)[];
  /** git's words where it ended early, or failed. */
  readonly said: string;
};

export async function catFile(
  { repository, mode, revisions, maxContentBytes }: CatFile,
  signal: AbortSignal,
): Promise<BatchAnswers> {
  const { stdout, stderr }: CommandResult = await git(
    inRepository(repository, {
      args: ["cat-file", `--${mode}`, "--buffer"],
      doing: `reading from ${repository.directory}`,
      input: revisions.map((revision) => `${revision}\n`).join(""),
      maxOutputBytes: maxContentBytes + revisions.length * 512 + 64 * 1024,
      config: [...(repository.config?.() ?? []), streamed],
      signal,
    }),
  );
  return { answers: [...parseBatch(stdout, mode)], said: stderr.trim() };
}

const answerPattern = /^([0-9a-f]{40,64}) ([a-z]+) (\d+)$/;

/** Only whole answers: what is cut off at the end is left out. */
export function* parseBatch(stdout: Buffer, mode: CatFile["mode"]): Generator<BatchAnswer | undefined, undefined> {
  for (let at = 0; at < stdout.length;) {
    const lineEnd = stdout.indexOf("\n", at);
    if (lineEnd === -1) return;
    const [, id = "", type, size = ""] = answerPattern.exec(stdout.toString("latin1", at, lineEnd)) ?? [];
    const start = lineEnd + 1;
    const bytes = mode === "batch" && id !== "" ? Number(size) : 0;
    // Behind a content stands a newline of its own.
    const next = mode === "batch" && id !== "" ? start + bytes + 1 : start;
    if (next > stdout.length) return;
    const content = stdout.subarray(start, start + bytes);
    yield isObjectType(type) ? { id, type, size: Number(size), content } : undefined;
    at = next;
  }
}
