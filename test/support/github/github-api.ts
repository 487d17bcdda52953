import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Endpoints } from "@octokit/types";

/*
 * GitHub's API on 127.0.0.1, as far as it is asked: its answers have the types that GitHub's OpenAPI description gives them, and
 * a test makes its faults.
 */

type Answer<Route extends keyof Endpoints> = Endpoints[Route]["response"]["data"];
type Grant = Answer<"POST /app/installations/{installation_id}/access_tokens">;
export type WorkflowJob =
  Answer<"GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs">["jobs"][number];

export type JobRequest = {
  readonly runner: string;
  readonly status?: WorkflowJob["status"];
  /** Of its last step, for one that GitHub has ended itself. */
  readonly lastStep?: "completed" | "in_progress";
  readonly post?: "success" | "failure";
};

/** An agent's job as GitHub describes it; by default one that its runner has closed. */
export function workflowJob({ runner, status = "completed", lastStep, post = "success" }: JobRequest): WorkflowJob {
  const isCompleted = status === "completed";
  const times = { started_at: "2026-11-23T10:00:00Z", completed_at: isCompleted ? "2026-11-23T10:10:00Z" : null };
  const last = lastStep ?? (isCompleted ? "completed" : "in_progress");
  const steps = [
    { name: "Set up job", conclusion: "success" },
    { name: "Run org/launch-action@v1", conclusion: "failure" },
    { name: "Post Run org/launch-action@v1", conclusion: post },
    { name: "Complete job", conclusion: last === "completed" ? "success" : null },
  ].map((step, index) => ({
    ...step,
    number: index + 1,
    status: step.conclusion === null ? ("in_progress" as const) : ("completed" as const),
  }));
  return {
    id: 399_444_496,
    run_id: 77,
    run_url: "https://api.github.com/repos/team/train/actions/runs/77",
    node_id: "CR_kwDOtest",
    head_sha: "f83a356604ae3c5d03e1b46ef4d1ca77d64a90b0",
    url: "https://api.github.com/repos/team/train/actions/jobs/399444496",
    html_url: "https://github.com/team/train/actions/runs/77/job/399444496",
    status,
    conclusion: isCompleted ? "failure" : null,
    created_at: "2026-11-23T09:59:58Z",
    ...times,
    name: "agent",
    steps,
    check_run_url: "https://api.github.com/repos/team/train/check-runs/399444496",
    labels: ["self-hosted", "linux"],
    runner_id: 1,
    runner_name: runner,
    runner_group_id: 2,
    runner_group_name: "agents",
    workflow_name: "agent",
    head_branch: "main",
  };
}

/** What is done instead of an answer. */
export type ApiFault =
  | { readonly kind: "status"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: "hang" }
  | { readonly kind: "text"; readonly text: string };

export type GitHubApi = {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly app: { readonly id: number; readonly installation: number; readonly privateKey: string };
  /** `METHOD path` of every request. */
  readonly requests: readonly string[];
  /** What was started: `owner/repo workflow ref`. */
  readonly dispatched: readonly string[];
  /** Tokens in the order in which they were given; only the last is good. */
  readonly tokens: readonly string[];
  /** Makes the faults of the next requests, one each. */
  fail(...faults: readonly ApiFault[]): void;
  /** Takes the good token away: nobody has one until the next is asked for. */
  revoke(): void;
  /** The token that is good now. */
  good(): string | undefined;
  /** The jobs of each attempt, by `owner/repo/run/attempt`. */
  readonly jobs: Map<string, readonly WorkflowJob[]>;
  stop(): Promise<void>;
};

export type GitHubApiOptions = {
  /** How long a token lives, by the time of its end that the answer has. */
  readonly lifetimeMs?: number;
  /** A person's token, which is good besides the App's. */
  readonly personal?: string;
  /** The server's clock against ours. */
  readonly clockOffsetMs?: number;
};

export async function startGitHubApi(options: GitHubApiOptions = {}): Promise<GitHubApi> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const requests: string[] = [];
  const dispatched: string[] = [];
  const tokens: string[] = [];
  const faults: ApiFault[] = [];
  const jobs = new Map<string, readonly WorkflowJob[]>();
  const app = { id: 1234, installation: 5678, privateKey };
  let good: string | undefined;
  const now = (): number => Date.now() + (options.clockOffsetMs ?? 0);

  const grant = (): Grant => {
    good = `ghs_${crypto.randomUUID().replaceAll("-", "")}`;
    tokens.push(good);
    const end = new Date(now() + (options.lifetimeMs ?? 3_600_000)).toISOString();
    return {
      token: good,
      expires_at: end.replace(/\.\d+Z$/, "Z"),
      permissions: { actions: "read", contents: "write", metadata: "read" },
      repository_selection: "selected",
    };
  };
  const answerTo = ({ method, headers }: IncomingMessage, path: string, body: string): ApiAnswer => {
    const { authorization = "" } = headers;
    const installation = /^\/app\/installations\/(\d+)\/access_tokens$/.exec(path)?.[1];
    if (installation !== undefined && method === "POST") {
      const wrong = faultOfJwt(/^bearer (.+)$/i.exec(authorization)?.[1] ?? "", app.id, publicKey, now());
      if (wrong !== undefined) return [401, errorOf(wrong)];
      return Number(installation) === app.installation ? [201, grant()] : notFound;
    }
    const [, token] = /^(?:token|bearer) (.+)$/i.exec(authorization) ?? [];
    if (token === undefined || ![good, options.personal].includes(token)) return [401, errorOf("Bad credentials")];
    const [, named, workflow = ""] =
      /^\/repos\/([^/]+\/[^/]+)\/actions\/workflows\/([^/]+)\/dispatches$/.exec(path) ?? [];
    if (named !== undefined && method === "POST") {
      const { ref = "" } = readDispatch(body);
      dispatched.push(`${named} ${decodeURIComponent(workflow)} ${ref}`);
      return [204, undefined];
    }
    const [, attempt = ""] =
      /^\/repos\/(.+)\/jobs$/.exec(path.replace("/actions/runs/", "/").replace("/attempts/", "/")) ?? [];
    const found = jobs.get(attempt);
    return found === undefined ? notFound : [200, { total_count: found.length, jobs: found }];
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [path = ""] = (request.url ?? "").split("?");
    requests.push(`${request.method ?? ""} ${path}`);
    const fault = faults.shift();
    if (fault?.kind === "hang") return;
    const sent = (await request.toArray()).join("");
    const [status, body] =
      fault === undefined
        ? answerTo(request, path, sent)
        : fault.kind === "text"
          ? ([200, fault.text] as const)
          : ([fault.status, errorOf(`fault ${fault.status}`)] as const);
    response.writeHead(status, {
      "content-type": typeof body === "string" ? "text/html" : "application/json; charset=utf-8",
      date: new Date(now()).toUTCString(),
      ...(fault?.kind === "status" ? fault.headers : {}),
    });
    response.end(typeof body === "string" || body === undefined ? body : JSON.stringify(body));
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    app,
    requests,
    dispatched,
    tokens,
    jobs,
    fail: (...more) => void faults.push(...more),
    revoke: () => {
      good = undefined;
    },
    good: () => good,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type ApiAnswer = readonly [status: number, body: object | undefined];

const readDispatch: (text: string) => { readonly ref?: string } = JSON.parse;

const notFound: ApiAnswer = [404, errorOf("Not Found")];

function errorOf(message: string): object {
  return { message, documentation_url: "https://docs.github.com/rest", status: "" };
}

/** Why GitHub would not take a JWT, in its words: docs.github.com, "Generating a JSON Web Token (JWT) for a GitHub App". */
function faultOfJwt(jwt: string, appId: number, publicKey: string, nowMs: number): string | undefined {
  const [head = "", body = "", signature = ""] = jwt.split(".");
  const signed = Buffer.from(`${head}.${body}`);
  const isSigned = verify("RSA-SHA256", signed, createPublicKey(publicKey), Buffer.from(signature, "base64url"));
  if (!isSigned) return "A JSON web token could not be decoded";
  const parse: (text: string) => { readonly iss?: number; readonly iat?: number; readonly exp?: number } = JSON.parse;
  const { iss, iat = Number.NaN, exp = Number.NaN } = parse(Buffer.from(body, "base64url").toString());
  const now = nowMs / 1_000;
  if (iss !== appId) return "Integration not found";
  if (!(iat <= now + 1)) {
    return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
  }
  if (!(exp > now)) {
    return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
  }
  return exp > now + 600 ? "'Expiration time' claim ('exp') is too far in the future" : undefined;
}
