import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

export type Remotes = {
  /** URL by name, as configured. */
  readonly urls: ReadonlyMap<string, string>;
  /** The remote of a branch's upstream, by the branch's name. */
  readonly upstreams: ReadonlyMap<string, string>;
  /** Whether `url.<base>.insteadOf` may change what a URL means. */
  readonly rewritten: boolean;
  /** The remote that has what a partial clone left out. */
  readonly promisor: string | undefined;
};

/** Parses `git config -z --get-regexp`. */
export function parseRemotes(output: string): Remotes {
  const urls = new Map<string, string>();
  const upstreams = new Map<string, string>();
  let rewritten = false;
  let promisor: string | undefined;
  for (const item of output.split("\0")) {
    const newline = item.indexOf("\n");
    const key = item.slice(0, newline);
    const value = item.slice(newline + 1);
    const name = key.slice(key.indexOf(".") + 1, key.lastIndexOf("."));
    if (key.startsWith("url.")) rewritten = true;
    // The first URL is the one that is fetched from.
    if (key.startsWith("remote.") && key.endsWith(".promisor") && value === "true") promisor = name;
    if (key.startsWith("remote.") && key.endsWith(".url") && !urls.has(name)) urls.set(name, value);
    if (key.startsWith("branch.")) upstreams.set(name, value);
  }
  return { urls, upstreams, rewritten, promisor };
}

/** A fetched commit, and the URL that it came from as git writes it (without user, `.git` and slashes at the end). */
export type Fetched = { readonly hash: string; readonly from: string };

/** Parses `FETCH_HEAD`. */
export function parseFetchHead(text: string): readonly Fetched[] {
  const fetched: Fetched[] = [];
  for (const line of text.split("\n")) {
    const [hash = "", , description = ""] = line.split("\t");
    const of = description.lastIndexOf(" of ");
    if (/^[0-9a-f]{40,64}$/.test(hash))
      fetched.push({ hash, from: of === -1 ? description : description.slice(of + 4) });
  }
  return fetched;
}

/** The form in which FETCH_HEAD names a remote. */
export function fetchHeadName(url: string): string {
  const anonymous = url.includes("://")
    ? url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, "$1")
    : url.replace(/^[^/@:]*@/, "");
  return anonymous
    .replace(/\/+$/, "")
    .replace(/\.git$/, "")
    .replace(/\/+$/, "");
}

/** The remote to name for a checkout: among `candidates` the branch's upstream, then origin, then the first. */
export function chooseRemote(
  remotes: Remotes,
  branch: string | undefined,
  candidates: readonly string[],
): string | undefined {
  const known = candidates.filter((name) => remotes.urls.has(name));
  const upstream = branch === undefined ? undefined : remotes.upstreams.get(branch);
  return known.find((name) => name === upstream) ?? known.find((name) => name === "origin") ?? known[0];
}

/** A remote's URL as it can be fetched from another folder: paths are made whole. */
export function fetchableUrl(url: string, toplevel: string): string {
  return isLocalPath(url) && !/^file:/i.test(url) ? pathToFileURL(resolve(toplevel, url)).href : url;
}

/** Whether git would take it for a path of this machine: no other machine can fetch from it. */
export function isLocalPath(url: string): boolean {
  if (/^file:/i.test(url)) return true;
  if (url.includes("://")) return false;
  const colon = url.indexOf(":");
  const slash = url.indexOf("/");
  return colon === -1 || (slash !== -1 && slash < colon);
}
