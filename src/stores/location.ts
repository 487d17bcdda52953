import { fileURLToPath, pathToFileURL } from "node:url";
import { LaunchError } from "../core/errors.ts";
import { isLoopback } from "../core/loopback.ts";
import { withoutCredentials } from "../core/output/credentials.ts";

/** A store's place, as its URL says: by its transport the catalog knows which store it is of. `url` is what is shown and recorded: never with credentials. */
export type StoreLocation = GitStoreLocation | PostgresStoreLocation;

/** `remote` is what git is told. */
export type GitStoreLocation =
  | { readonly transport: "file"; readonly url: string; readonly path: string }
  | {
      readonly transport: "https" | "http" | "ssh";
      readonly url: string;
      readonly remote: string;
    };

/** `connection` is the whole URL, with the password where it has one: it goes to the client and nowhere else. */
export type PostgresStoreLocation = {
  readonly transport: "postgres";
  readonly url: string;
  readonly connection: string;
};

const schemes = "git+https://…, git+ssh://…, git+file:///… or postgres://…";
/** What a Postgres URL can say after its "?". The rest is ours to choose. */
const postgresParameters = ["host", "sslmode", "sslrootcert", "sslcert", "sslkey", "application_name"];
/** `require` and `verify-ca` check as much as `verify-full`; only `no-verify` doesn't. */
const tlsModes = ["disable", "require", "verify-ca", "verify-full", "no-verify"];

/** The location of a bare repository on this machine. */
export function fileStoreLocation(path: string): StoreLocation {
  return { transport: "file", path, url: `git+${pathToFileURL(path).href}` };
}

/** Reads a store URL (`--store`, `LAUNCH_STORE`, the input `store`). Throws `bad-usage` or `unsupported`. */
export function parseStoreUrl(text: string): StoreLocation {
  if (text === "wandb") {
    throw new LaunchError("unsupported", `store "wandb": this version keeps runs in git or Postgres; give ${schemes}`);
  }
  if (/^postgres(?:ql)?:\/\//i.test(text)) return postgresLocation(text);
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
  return { transport, remote, url: `git+${remote}` };
}

function postgresLocation(text: string): PostgresStoreLocation {
  // A password with a "/" in it is no URL, and must not be shown either.
  const shown = text.replace(/^([a-z]+:\/\/).*@/is, "$1").replace(/\?.*$/s, "");
  const url = URL.parse(text);
  if (url?.hash !== "") throw new LaunchError("bad-usage", `store "${shown}" is not a URL`);
  const unknown = [...url.searchParams.keys()].find((name) => !postgresParameters.includes(name));
  if (unknown !== undefined) {
    const hint = /^(?:user|password)$/.test(unknown)
      ? "; user and password stand before the host, or in PGPASSWORD"
      : "";
    throw new LaunchError(
      "bad-usage",
      `store "${shown}": "?${unknown}=" is not understood; known are ${postgresParameters.join(", ")}${hint}`,
    );
  }
  const tlsMode = url.searchParams.get("sslmode");
  if (tlsMode !== null && !tlsModes.includes(tlsMode)) {
    throw new LaunchError(
      "bad-usage",
      `store "${shown}": "?sslmode=${tlsMode}" is not understood; known are ${tlsModes.join(", ")}`,
    );
  }
  const database = url.pathname.slice(1);
  if (database === "" || database.includes("/") || (url.hostname === "" && !url.searchParams.has("host"))) {
    throw new LaunchError("bad-usage", `store "${shown}": name the host and the database: postgres://host/database`);
  }
  const host = url.host === "" ? (url.searchParams.get("host") ?? "") : url.host;
  return { transport: "postgres", url: `postgres://${host}/${database}`, connection: url.href };
}
