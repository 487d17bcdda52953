import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type GitTrace = {
  /** How many git processes ran, children of git included. */
  readonly processes: number;
  /** All that the processes were started with and did, as git tells it (https://git-scm.com/docs/api-trace2). */
  readonly text: string;
};

/** Runs `work` and tells what git processes it started. */
export async function traceGit(work: () => Promise<unknown>): Promise<GitTrace> {
  const folder = await mkdtemp(join(tmpdir(), "git-trace-"));
  const before = process.env["GIT_TRACE2_EVENT"];
  process.env["GIT_TRACE2_EVENT"] = folder;
  try {
    await work();
    const names = await readdir(folder);
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
    return { processes: names.length, text: texts.join("") };
  } finally {
    if (before === undefined) delete process.env["GIT_TRACE2_EVENT"];
    else process.env["GIT_TRACE2_EVENT"] = before;
    await rm(folder, { recursive: true, force: true });
  }
}
