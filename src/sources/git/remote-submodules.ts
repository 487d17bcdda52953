import { posix } from "node:path";
import { transportsFrom } from "../../clients/git/remotes/remote-access.ts";
import { type ScratchRepository, scratchGit } from "../../clients/git/scratch-repository.ts";
import type { ListedEntry } from "../../clients/git/objects/list-tree.ts";
import { LaunchError, messageOf } from "../../core/errors.ts";
import { say } from "../../core/output/said.ts";
import type { SourceContext } from "../source.ts";
import { fetchHash } from "./commit.ts";
import type { SubmoduleHome } from "./submodules.ts";
import { type GitUrl, parseGitUrl } from "./url.ts";

/** Submodules as a remote repository's `.gitmodules` names them: each commit is fetched by its hash. */
export function remoteSubmodules(repository: ScratchRepository, parent: GitUrl, context: SourceContext): SubmoduleHome {
  return {
    open: async (submodule, siblings) => {
      const urls = await submoduleUrls(repository, siblings, context.signal);
      const text = urls.get(submodule.path);
      if (text === undefined) {
        context.log.warning(say`the submodule ${submodule.path} has no URL in .gitmodules, so its folder is left out`);
        return undefined;
      }
      const url = submoduleUrl(parent, text, submodule.path);
      try {
        await fetchHash(repository, { url, hash: submodule.hash }, context);
      } catch (cause) {
        if (cause instanceof LaunchError && cause.code !== "source-failed") throw cause;
        throw new LaunchError("source-failed", `the submodule ${submodule.path}: ${messageOf(cause)}`, { cause });
      }
      return remoteSubmodules(repository, url, context);
    },
  };
}

/** URLs by path, from the `.gitmodules` beside a submodule. */
async function submoduleUrls(
  repository: ScratchRepository,
  siblings: readonly ListedEntry[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const file = siblings.find(({ path, kind }) => path === ".gitmodules" && kind !== "symlink");
  const urls = new Map<string, string>();
  if (file === undefined) return urls;
  const output = await scratchGit(repository, {
    args: ["config", "-z", "--blob", file.hash, "--list"],
    doing: "reading .gitmodules",
    signal,
  });
  const byName = new Map<string, { path?: string; url?: string }>();
  for (const item of output.toString().split("\0")) {
    const newline = item.indexOf("\n");
    const [, name, key] = /^submodule\.(.*)\.(path|url)$/s.exec(item.slice(0, newline)) ?? [];
    if (name === undefined || key === undefined) continue;
    byName.set(name, { ...byName.get(name), [key]: item.slice(newline + 1) });
  }
  for (const { path, url } of byName.values()) if (path !== undefined && url !== undefined) urls.set(path, url);
  return urls;
}

/** The URL of a submodule: `./x` and `../x` are relative to the repository's own. */
export function submoduleUrl(parent: GitUrl, text: string, path: string): GitUrl {
  const whole = /^\.\.?\//.test(text) ? relativeTo(parent, text) : text;
  const url = parseGitUrl(whole);
  if (url.kind === "git" && url.target.kind === "default" && transportsFrom(parent.transport).includes(url.transport))
    return url;
  const why = url.kind === "refused" ? url.why : "is not one that this repository may lead to";
  throw new LaunchError("source-failed", `the submodule ${path}: its URL ${JSON.stringify(text)} ${why}`);
}

function relativeTo(parent: GitUrl, text: string): string {
  const scp = /^([^/]*?:)(?!\/\/)(.*)$/s.exec(parent.url);
  const [, root, path] = scp ?? /^([a-z]+:\/\/[^/]*)(\/.*)$/s.exec(parent.url) ?? [];
  if (root === undefined || path === undefined) return text;
  return root + posix.join(path.replace(/\/+$/, ""), text);
}
