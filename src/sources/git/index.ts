import { git } from "../../clients/git/git.ts";
import { LaunchError } from "../../core/errors.ts";
import { findingOf, lookTimeoutMs } from "../../core/finding.ts";
import type { SourcePlugin } from "../source.ts";
import { resolveCheckout } from "./checkout.ts";
import { resolveRemote } from "./remote.ts";

export const plugin: SourcePlugin = {
  resolve: (request, context) => {
    if (request.kind === "checkout") return resolveCheckout(request, context);
    if (request.kind === "remote") return resolveRemote(request, context);
    const refusal = `the git source can't take a source of kind "${request.kind}"`;
    return Promise.reject(new LaunchError("source-failed", refusal));
  },
  // Also what is no code from a commit has a record, and that a store.
  examine: async ({ workingDirectory: cwd }, signal) => [
    await findingOf({ subject: "git", needed: "records, and code from a commit" }, () => gitVersion(cwd, signal)),
  ],
};

async function gitVersion(cwd: string, signal: AbortSignal): Promise<string> {
  const doing = "asking git's version";
  const { stdout } = await git({ args: ["--version"], doing, cwd, signal, timeoutMs: lookTimeoutMs });
  return stdout
    .toString()
    .trim()
    .replace(/^git version /, "");
}
