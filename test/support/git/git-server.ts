import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** One request as it came in; `authorization` is the header's value. */
export type GitServerRequest = {
  readonly method: string;
  /** Path and query: `/team/train.git/info/refs?service=git-upload-pack`. */
  readonly url: string;
  readonly authorization: string | undefined;
};

/**
 * What to do with a request instead of serving it. `drop-answer` lets git do the work and then cuts the connection (a lost
 * acknowledgement), `hang` never answers, `answer` is sent as it is.
 */
export type Interception =
  | { readonly kind: "drop-answer" }
  | { readonly kind: "hang" }
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    };

export type GitServerOptions = {
  /** Folder whose bare repositories are served: `<root>/train.git` is `<url>/train.git`. */
  readonly root: string;
  /** When given, a request must carry one of these: `user:password` for Basic, `bearer` for a Bearer token. */
  readonly auth?: { readonly basic?: readonly string[]; readonly bearer?: readonly string[] };
  /** Git configuration of the server's side, such as `{"uploadpack.allowAnySHA1InWant": "true"}`. Pushes are allowed. */
  readonly config?: Readonly<Record<string, string>>;
  /** Speaks protocol v0, as an old server: it gives out the tips of its refs and no other commit. */
  readonly ignoreProtocolVersion?: boolean;
  readonly intercept?: (request: GitServerRequest) => Interception | undefined;
};

export type GitServer = {
  /** `http://127.0.0.1:PORT`, no slash at its end. */
  readonly url: string;
  readonly root: string;
  /** Every request so far, also refused ones. */
  readonly requests: readonly GitServerRequest[];
  stop(): Promise<void>;
};

/** A real smart-HTTP git server on 127.0.0.1: `git http-backend` behind Node's http. */
export async function startGitServer(options: GitServerOptions): Promise<GitServer> {
  const requests: GitServerRequest[] = [];
  const server = createServer((request, response) => {
    const { method = "GET", url = "/", headers } = request;
    const seen: GitServerRequest = { method, url, authorization: headers.authorization };
    requests.push(seen);
    const interception = options.intercept?.(seen);
    if (interception?.kind === "hang") return;
    if (interception?.kind === "answer") {
      response.writeHead(interception.status, interception.headers).end(interception.body);
    } else if (!isAllowed(options.auth, headers.authorization)) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
    } else {
      runBackend(options, request, response, interception?.kind === "drop-answer");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the git server has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    root: options.root,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function isAllowed(auth: GitServerOptions["auth"], authorization: string | undefined): boolean {
  if (auth === undefined) return true;
  const [scheme, value = ""] = (authorization ?? "").split(" ");
  if (scheme?.toLowerCase() === "bearer") return auth.bearer?.includes(value) ?? false;
  return scheme?.toLowerCase() === "basic" && (auth.basic ?? []).includes(Buffer.from(value, "base64").toString());
}

function backendEnvironment(options: GitServerOptions, request: IncomingMessage): Record<string, string> {
  const { pathname, search } = new URL(request.url ?? "/", "http://127.0.0.1");
  const config = Object.entries({ "http.receivepack": "true", ...options.config });
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: options.root,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_COUNT: String(config.length),
    ...Object.fromEntries(
      config.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
    GIT_PROJECT_ROOT: options.root,
    GIT_HTTP_EXPORT_ALL: "1",
    REMOTE_ADDR: "127.0.0.1",
    REQUEST_METHOD: request.method ?? "GET",
    PATH_INFO: decodeURIComponent(pathname),
    QUERY_STRING: search.slice(1),
    CONTENT_TYPE: request.headers["content-type"] ?? "",
    HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
    GIT_PROTOCOL: options.ignoreProtocolVersion === true ? "" : String(request.headers["git-protocol"] ?? ""),
    ...(request.headers["content-length"] === undefined ? {} : { CONTENT_LENGTH: request.headers["content-length"] }),
  };
}

function runBackend(
  options: GitServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  dropAnswer: boolean,
): void {
  const child = spawn("git", ["http-backend"], {
    env: backendEnvironment(options, request),
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.stdin.on("error", () => undefined);
  request.pipe(child.stdin);
  if (dropAnswer) {
    child.stdout.resume();
    child.once("close", () => response.destroy());
    return;
  }
  let head = Buffer.alloc(0);
  child.stdout.on("data", (chunk: Buffer) => {
    if (response.headersSent) {
      response.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end === -1) return;
    writeCgiHead(response, head.subarray(0, end).toString());
    response.write(head.subarray(end + 4));
  });
  child.once("error", () => response.destroy());
  child.once("close", () => response.end());
}

/** CGI: header lines of which `Status: 404 Not Found` is the status. */
function writeCgiHead(response: ServerResponse, text: string): void {
  let status = 200;
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    if (name.toLowerCase() === "status") status = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.writeHead(status);
}
