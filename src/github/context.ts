import { readFileSync } from "node:fs";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a job on GitHub knows of itself. Any of it can be missing: act and other runners set less. */
export type GitHubContext = {
  /** `https://github.com`, without a slash at its end. */
  readonly serverUrl: string;
  readonly owner: string | undefined;
  readonly repository: string | undefined;
  readonly workflow: string;
  readonly job: string;
  readonly runId: string;
  readonly runAttempt: string;
  readonly event: string;
  readonly actor: string;
  readonly workspace: string | undefined;
  readonly temporaryDirectory: string | undefined;
  readonly summaryFile: string | undefined;
  /** Whether the repository is private, as the event says; undefined when it doesn't. */
  readonly isPrivate: boolean | undefined;
  /** The repository's default branch, as the event says. */
  readonly defaultBranch: string | undefined;
};

/** Reads the job's environment and event file. Never throws. */
export function gitHubContext(environment: Environment): GitHubContext {
  const value = (name: string): string | undefined => {
    const text = environment[name];
    return text === undefined || text === "" ? undefined : text;
  };
  const [owner, repository] = /^([\w.-]+)\/([\w.-]+)$/.exec(value("GITHUB_REPOSITORY") ?? "")?.slice(1) ?? [];
  return {
    serverUrl: (value("GITHUB_SERVER_URL") ?? "https://github.com").replace(/\/+$/, ""),
    owner,
    repository,
    workflow: value("GITHUB_WORKFLOW") ?? "",
    job: value("GITHUB_JOB") ?? "",
    runId: value("GITHUB_RUN_ID") ?? "",
    runAttempt: value("GITHUB_RUN_ATTEMPT") ?? "1",
    event: value("GITHUB_EVENT_NAME") ?? "",
    actor: value("GITHUB_ACTOR") ?? "",
    workspace: value("GITHUB_WORKSPACE"),
    temporaryDirectory: value("RUNNER_TEMP"),
    summaryFile: value("GITHUB_STEP_SUMMARY"),
    ...repositoryFacts(value("GITHUB_EVENT_PATH")),
  };
}

/** The page of the job's run; undefined where there is none. */
export function runUrl({ serverUrl, owner, repository, runId, runAttempt }: GitHubContext): string | undefined {
  if (owner === undefined || repository === undefined || !/^\d+$/.test(runId)) return undefined;
  const attempt = /^\d+$/.test(runAttempt) && runAttempt !== "1" ? `/attempts/${runAttempt}` : "";
  return `${serverUrl}/${owner}/${repository}/actions/runs/${runId}${attempt}`;
}

/** The page of a commit of this repository. */
export function commitUrl({ serverUrl, owner, repository }: GitHubContext, commit: string): string | undefined {
  if (owner === undefined || repository === undefined) return undefined;
  return `${serverUrl}/${owner}/${repository}/commit/${commit}`;
}

function repositoryFacts(eventFile: string | undefined): Pick<GitHubContext, "isPrivate" | "defaultBranch"> {
  const found = eventFile === undefined ? undefined : childOf(readEvent(eventFile), "repository");
  const repository = isJsonObject(found) ? found : {};
  const { private: isPrivate, default_branch: branch } = repository;
  return {
    isPrivate: typeof isPrivate === "boolean" ? isPrivate : undefined,
    defaultBranch: typeof branch === "string" ? branch : undefined,
  };
}

function childOf(value: JsonObject | undefined, key: string): Json | undefined {
  return value?.[key];
}

function readEvent(file: string): JsonObject | undefined {
  try {
    const event: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isJsonObject(event) ? event : undefined;
  } catch {
    return undefined;
  }
}
