/** Which version and folder a URL itself names. `ref-and-path` can only be divided with the remote's refs: a ref may contain slashes. */
export type UrlTarget =
  | { readonly kind: "default" }
  | { readonly kind: "ref"; readonly ref: string }
  | { readonly kind: "ref-and-path"; readonly text: string; readonly file: boolean };

/** `none`: not a page that we know, so the URL is the repository itself. `repository` is a path. */
export type BrowserTarget =
  | { readonly kind: "page"; readonly repository: string; readonly target: UrlTarget }
  | { readonly kind: "none" }
  | { readonly kind: "refused"; readonly why: string };

/**
 * Reads the URL of a hosting service's page:
 *   GitHub     /o/r/tree/REF/dir   /o/r/blob/REF/file   /o/r/commit/HASH   /o/r/pull/12   /o/r/releases/tag/REF
 *   GitLab     /group/…/r/-/tree/REF/dir, blob, commit, tags, merge_requests
 *   Bitbucket  /o/r/src/REF/dir   /o/r/commits/HASH   /o/r/branch/REF
 * The first two also on hosts of one's own; Bitbucket's words are too ordinary for that.
 */
export function browserTarget(url: URL): BrowserTarget {
  const segments = url.pathname.split("/").filter((segment) => segment !== "");
  if (url.hostname === "wandb.ai" && segments.includes("runs")) {
    return { kind: "refused", why: "is a W&B run; launching one is not supported yet" };
  }
  const decoded = decode(segments);
  if (decoded === undefined) return { kind: "refused", why: "is not correctly percent-encoded" };
  const dash = decoded.indexOf("-");
  if (dash >= 2) return gitlabPage(segments.slice(0, dash), decoded.slice(dash + 1));
  const [owner, repository] = segments;
  if (owner === undefined || repository === undefined || repository.endsWith(".git")) return { kind: "none" };
  const root = `/${owner}/${repository}`;
  const host = url.hostname.replace(/^www\./, "");
  const target = host === "bitbucket.org" ? bitbucketTarget(decoded.slice(2)) : githubTarget(decoded.slice(2));
  if (target !== undefined) return { kind: "page", repository: root, target };
  if (host !== "github.com" && host !== "bitbucket.org") return { kind: "none" };
  // On these hosts a repository is always /owner/name, whatever query or anchor the page has.
  if (segments.length === 2) return { kind: "page", repository: root, target: { kind: "default" } };
  return { kind: "refused", why: `is no page of code; give https://${host}${root} and a version` };
}

function decode(segments: readonly string[]): readonly string[] | undefined {
  try {
    return segments.map((segment) => decodeURIComponent(segment));
  } catch {
    return undefined;
  }
}

function refAndPath(rest: readonly string[], file: boolean): UrlTarget | undefined {
  return rest.length === 0 ? undefined : { kind: "ref-and-path", text: rest.join("/"), file };
}

function wholeRef(rest: readonly string[]): UrlTarget | undefined {
  return rest.length === 0 ? undefined : { kind: "ref", ref: rest.join("/") };
}

function githubTarget([page, ...rest]: readonly string[]): UrlTarget | undefined {
  const [first, ...others] = rest;
  if (page === "tree" || page === "blob") return refAndPath(rest, page === "blob");
  if (page === "commit") return wholeRef(rest.slice(0, 1));
  if (page === "releases" && first === "tag") return wholeRef(others);
  if (page === "pull" && first !== undefined && /^\d+$/.test(first)) {
    return others[0] === "commits" && others[1] !== undefined
      ? { kind: "ref", ref: others[1] }
      : { kind: "ref", ref: `refs/pull/${first}/head` };
  }
  return undefined;
}

function bitbucketTarget([page, ...rest]: readonly string[]): UrlTarget | undefined {
  if (page === "src") return refAndPath(rest, false);
  if (page === "commits") return wholeRef(rest.slice(0, 1));
  return page === "branch" ? wholeRef(rest) : undefined;
}

function gitlabPage(repository: readonly string[], [page, ...rest]: readonly string[]): BrowserTarget {
  const target = gitlabTarget(page, rest);
  const root = `/${repository.join("/")}`;
  if (target === undefined)
    return { kind: "refused", why: `is no page of code; give its repository (${root}) and a version` };
  return { kind: "page", repository: root, target };
}

function gitlabTarget(page: string | undefined, rest: readonly string[]): UrlTarget | undefined {
  if (page === "tree" || page === "blob") return refAndPath(rest, page === "blob");
  if (page === "commit") return wholeRef(rest.slice(0, 1));
  if (page === "tags") return wholeRef(rest);
  const [request] = rest;
  return page === "merge_requests" && request !== undefined && /^\d+$/.test(request)
    ? { kind: "ref", ref: `refs/merge-requests/${request}/head` }
    : undefined;
}
