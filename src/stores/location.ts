import { fileURLToPath, pathToFileURL } from "node:url";
import { LaunchError } from "../core/errors.ts";
import { withoutCredentials } from "../core/redaction.ts";

/** A store's place, as its URL says. `url` is the whole of it, `remote` what git is told. */
export type StoreLocation =
  | { readonly kind: "git"; readonly transport: "file"; readonly url: string; readonly path: string }
  | {
      readonly kind: "git";
      readonly transport: "https" | "http" | "ssh";
      readonly url: string;
      readonly remote: string;
    };

const schemes = "git+https://…, git+ssh://… or git+file:///…";

/** The location of a bare repository on this machine. */
export function fileStoreLocation(path: string): StoreLocation {
  return { kind: "git", transport: "file", path, url: `git+${pathToFileURL(path).href}` };
}

/** Reads a store URL (`--store`, `LAUNCH_STORE`, the input `store`). Throws `bad-usage` or `unsupported`. */
export function parseStoreUrl(text: string): StoreLocation {
  if (text === "wandb" || /^postgres(?:ql)?:\/\//i.test(text)) {
    throw new LaunchError(
      "unsupported",
      `store "${withoutCredentials(text)}": this version keeps runs in git only; give ${schemes}`,
    );
  }
  const scheme = /^git\+([a-z]+):\/\//.exec(text)?.[1] ?? "";
  if (scheme === "") throw notUnderstood(text);
  const url = urlOf(text);
  switch (scheme) {
    case "file":
      return fileLocation(text, url);
    case "ssh":
      return remoteLocation(text, url, "ssh");
    case "https":
      return remoteLocation(text, url, "https");
    case "http":
      if (isLoopback(url.hostname)) return remoteLocation(text, url, "http");
      throw new LaunchError(
        "bad-usage",
        `store "${withoutCredentials(text)}": http is for this machine only, as it would send the token in the clear; use git+https://`,
      );
    default:
      throw notUnderstood(text);
  }
}

function notUnderstood(text: string): LaunchError {
  const shown = withoutCredentials(text);
  const guess = /^(?:https?|ssh|file):\/\//.test(shown) ? `; did you mean "git+${shown}"?` : `; give ${schemes}`;
  return new LaunchError("bad-usage", `store "${shown}" is not a store URL${guess}`);
}

function urlOf(text: string): URL {
  const url = URL.parse(text.slice("git+".length));
  if (url === null) throw new LaunchError("bad-usage", `store "${withoutCredentials(text)}" is not a URL`);
  if (url.search !== "" || url.hash !== "") {
    throw new LaunchError("bad-usage", `store "${withoutCredentials(text)}": a store URL has no "?" and no "#"`);
  }
  return url;
}

function fileLocation(text: string, url: URL): StoreLocation {
  if (url.host !== "" || url.pathname === "/") {
    throw new LaunchError("bad-usage", `store "${text}": give an absolute path with three slashes: git+file:///…`);
  }
  try {
    return fileStoreLocation(fileURLToPath(url).replace(/\/+$/, ""));
  } catch (error) {
    throw new LaunchError("bad-usage", `store "${text}": the path can't be decoded; write "%" as %25`, {
      cause: error,
    });
  }
}

function remoteLocation(text: string, url: URL, transport: "https" | "http" | "ssh"): StoreLocation {
  // A URL ends up on git's command line, where every user of the machine can read it.
  if (url.password !== "" || (transport !== "ssh" && url.username !== "")) {
    throw new LaunchError(
      "bad-usage",
      `store "${withoutCredentials(text)}": credentials don't belong in the URL; use git's own credentials, or the action's token`,
    );
  }
  if (url.host === "" || url.pathname.replace(/\/+$/, "") === "") {
    throw new LaunchError("bad-usage", `store "${text}": name the host and the repository`);
  }
  const remote = url.href.replace(/\/+$/, "");
  return { kind: "git", transport, remote, url: `git+${remote}` };
}

/** Loopback by its number or its name; nothing is looked up. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
