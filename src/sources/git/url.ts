import type { Transport } from "../../clients/git/remotes/remote-access.ts";
import { isLoopback } from "../../core/loopback.ts";
import { browserTarget, type UrlTarget } from "./browser-url.ts";

export type GitUrl = {
  readonly kind: "git";
  /** What git is given; it never holds a password. */
  readonly url: string;
  readonly transport: Transport;
  /** Host and port; "" for a file URL. */
  readonly host: string;
  /** User and password that the text held; they must not reach a command line or a record. */
  readonly credential?: { readonly user: string; readonly password: string };
  readonly target: UrlTarget;
};

/** `other` is no URL: a directory or an image's name. `refused` looks like a repository that we won't fetch; `why` goes on after its name. */
export type ParsedGitUrl = GitUrl | { readonly kind: "refused"; readonly why: string } | { readonly kind: "other" };

const refused = (why: string): ParsedGitUrl => ({ kind: "refused", why });

const unsafeCharacters = /[\p{Cc}\s]/u;

/** What a text names, as far as its shape says; nothing is looked up. */
export function parseGitUrl(text: string): ParsedGitUrl {
  const scheme = /^(?:git\+)?([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return parseWithoutScheme(text);
  if (unsafeCharacters.test(text)) return refused("holds a blank or a control character");
  if (scheme === "git") return refused("is neither encrypted nor authenticated; use its https or ssh URL");
  if (scheme !== "https" && scheme !== "http" && scheme !== "ssh" && scheme !== "file") {
    return refused(`has the scheme "${scheme}"; https, ssh and file URLs are understood`);
  }
  const plain = text.replace(/^git\+/i, "");
  if (!URL.canParse(plain)) return refused("is not a valid URL");
  const url = new URL(plain);
  if (scheme === "file") return parseFile(url);
  return scheme === "ssh" ? parseSsh(url) : parseHttp(url, scheme);
}

function parseWithoutScheme(text: string): ParsedGitUrl {
  if (/^[a-z][a-z0-9+.-]*::/i.test(text))
    return refused("asks for a remote helper; https, ssh and file URLs are understood");
  // `name@sha256:…` is an image by digest.
  const scp = /^([\w.+-]+)@([^/:@]+):(?!\/\/)(.+)$/s.exec(text);
  const [, user, host, path] = scp ?? [];
  if (user === undefined || host === undefined || path === undefined) return { kind: "other" };
  if (host === "sha256" && /^[0-9a-f]{64}$/.test(path)) return { kind: "other" };
  if (unsafeCharacters.test(text)) return refused("holds a blank or a control character");
  if (user.startsWith("-") || host.startsWith("-") || path.startsWith("-"))
    return refused("would be read as an option");
  return { kind: "git", url: text, transport: "ssh", host, target: { kind: "default" } };
}

function parseFile(url: URL): ParsedGitUrl {
  if (url.host !== "" && url.host !== "localhost") return refused("names another machine; a file URL is for this one");
  if (url.search !== "" || url.hash !== "") return refused('has a query or a fragment; give the ref as "version"');
  return { kind: "git", url: `file://${url.pathname}`, transport: "file", host: "", target: { kind: "default" } };
}

function parseSsh(url: URL): ParsedGitUrl {
  if (url.hostname === "" || url.pathname.length < 2) return refused("names no repository");
  if (url.hostname.startsWith("-") || url.username.startsWith("-") || /^\/?-/.test(url.pathname)) {
    return refused("would be read as an option");
  }
  if (url.password !== "") return refused("holds a password, which ssh can't use; use a key");
  if (url.search !== "" || url.hash !== "") return refused('has a query or a fragment; give the ref as "version"');
  return { kind: "git", url: url.href, transport: "ssh", host: url.host, target: { kind: "default" } };
}

function parseHttp(url: URL, transport: "https" | "http"): ParsedGitUrl {
  if (transport === "http" && !isLoopback(url.hostname)) {
    return refused("is not encrypted: plain http is accepted on this machine's loopback only; use https");
  }
  const page = browserTarget(url);
  if (page.kind === "refused") return page;
  if (page.kind === "none" && (url.search !== "" || url.hash !== "")) {
    return refused('has a query or a fragment; give the ref as "version"');
  }
  const path = (page.kind === "page" ? page.repository : url.pathname).replace(/\/+$/, "");
  if (path === "") return refused("names no repository");
  const credential = { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  const user = credential.password === "" && url.username !== "" ? `${url.username}@` : "";
  return {
    kind: "git",
    url: `${transport}://${user}${url.host}${path}`,
    transport,
    host: url.host,
    ...(credential.password === "" ? {} : { credential }),
    target: page.kind === "page" ? page.target : { kind: "default" },
  };
}

/**
 * Why a text can't be a branch, tag or hash (git's own rules, so that it can't be read as an option, a refspec or an expression),
 * or undefined when it can.
 */
export function refFault(ref: string): string | undefined {
  if (ref === "") return "is empty";
  if (ref.startsWith("-")) return "would be read as an option";
  if (/[\p{Cc}\s~^:?*[\\]/u.test(ref)) return "holds a character that no ref can hold";
  if (/\.\.|@\{|\/\/|^\/|\/$|\.$|\.lock(?:\/|$)|(?:^|\/)\./.test(ref) || ref === "@")
    return "is no valid name of a ref";
  return undefined;
}
