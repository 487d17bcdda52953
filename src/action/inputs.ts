import * as core from "@actions/core";
import { LaunchError } from "../core/errors.ts";
import type { AgentSettings } from "../agent/agent-settings.ts";
import type { LaunchSettings, SettingName } from "../submit/settings.ts";
import { splitWords } from "../spec/reading/words.ts";
import { parsePairs } from "./pairs.ts";
import { type InputName, inputNames } from "./protocol.ts";
import { specsOf } from "./specs.ts";

export type ActionInputs = {
  readonly command: string;
  /** A path, or a spec written into the workflow. */
  readonly spec: string | undefined;
  /** The same as a list: runs of a queue may be of several specs. Undefined where none is named. */
  readonly specs: readonly (string | undefined)[];
  readonly settings: LaunchSettings;
  /** YAML or JSON. */
  readonly resourceArgs: string | undefined;
  readonly secrets: Readonly<Record<string, string>>;
  readonly launchConfig: string | undefined;
  readonly store: string | undefined;
  readonly token: string;
  readonly workingDirectory: string;
  readonly includeUntracked: boolean;
  readonly dryRun: boolean;
  readonly each: readonly string[];
  readonly replace: string | undefined;
  readonly wait: boolean;
  /** A workflow to start. */
  readonly wake: string | undefined;
  readonly failOnRun: boolean;
  /** Ids of runs or names of groups. */
  readonly runs: readonly string[];
  readonly agent: AgentSettings;
  /** What tells a job of a matrix from its siblings. */
  readonly leg: string;
};

/** What each setting is called in the workflow, for messages and for `--explain`. */
export function inputNameOf(setting: SettingName): string {
  return `input ${inputOf[setting]}`;
}

const inputOf: Readonly<Record<SettingName, InputName>> = {
  uri: "uri",
  gitVersion: "git-version",
  dockerImage: "docker-image",
  name: "name",
  project: "project",
  entity: "entity",
  entryPoint: "entry-point",
  args: "args",
  set: "set",
  env: "env",
  secretVariables: "secrets",
  dockerfile: "dockerfile",
  resource: "resource",
  resourceArgs: "resource-args",
  dockerArgs: "docker-args",
  timeout: "timeout",
  queue: "queue",
  priority: "priority",
  templateVariables: "template-variables",
};

/** What a setting of an agent is called in the workflow. */
export function agentInputNameOf(setting: keyof AgentSettings): string {
  return `input ${agentInputOf[setting]}`;
}

const agentInputOf: Readonly<Record<keyof AgentSettings, InputName>> = {
  queues: "queues",
  maxJobs: "max-jobs",
  agent: "name",
  slots: "slots",
  drain: "drain",
  idleTimeout: "idle-timeout",
  timeLimit: "time-limit",
  onCancel: "on-cancel",
};

/** Reads all inputs and masks the secret ones, which comes first: no later fault may show them. */
export function loadInputs(): ActionInputs {
  const token = core.getInput("token");
  const spec = text("spec");
  mask(token);
  const secrets = Object.fromEntries(parsePairs("secrets", core.getInput("secrets")));
  Object.values(secrets).forEach(mask);
  return {
    command: core.getInput("command") || "launch",
    spec,
    specs: spec === undefined ? [undefined] : specsOf(spec),
    settings: {
      uri: text("uri"),
      gitVersion: text("git-version"),
      dockerImage: text("docker-image"),
      name: text("name"),
      project: text("project"),
      entity: text("entity"),
      entryPoint: text("entry-point"),
      args: words("args"),
      set: lines("set"),
      env: parsePairs("env", core.getInput("env")).map(([name, value]) => `${name}=${value}`),
      secretVariables: Object.keys(secrets),
      dockerfile: text("dockerfile"),
      resource: text("resource"),
      dockerArgs: lines("docker-args"),
      timeout: text("timeout"),
      queue: text("queue"),
      priority: text("priority"),
      templateVariables: lines("template-variables"),
    },
    resourceArgs: text("resource-args"),
    secrets,
    launchConfig: text("launch-config"),
    store: text("store"),
    token,
    workingDirectory: core.getInput("working-directory") || ".",
    includeUntracked: flag("include-untracked"),
    dryRun: flag("dry-run"),
    each: lines("each"),
    replace: text("replace"),
    wait: flag("wait"),
    wake: text("wake"),
    failOnRun: flag("fail-on-run"),
    runs: names("runs"),
    agent: {
      queues: names("queues"),
      maxJobs: text("max-jobs"),
      agent: text("name"),
      slots: lines("slots"),
      drain: flag("drain"),
      idleTimeout: text("idle-timeout"),
      timeLimit: text("time-limit"),
      onCancel: text("on-cancel"),
    },
    leg: core.getInput("leg"),
  };
}

/** An input that this version doesn't have is a misspelt one: GitHub only warns of it, in a place that nobody reads. */
export function unknownInputs(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const known: readonly string[] = inputNames;
  return Object.keys(environment)
    .filter((name) => name.startsWith("INPUT_"))
    .map((name) => name.slice("INPUT_".length).toLowerCase())
    .filter((name) => name !== "" && !known.includes(name));
}

/** Takes the secret inputs out of the environment that child processes inherit. */
export function takeSecretInputs(environment: Record<string, string | undefined>): void {
  for (const name of ["token", "secrets"] as const satisfies readonly InputName[]) {
    Reflect.deleteProperty(environment, `INPUT_${name.toUpperCase()}`);
  }
}

/** The runner masks what it is told as a whole; a value of several lines appears in a log line by line. */
function mask(value: string): void {
  for (const part of new Set([value, ...value.split(/\r?\n/)])) if (part.trim() !== "") core.setSecret(part);
}

function text(name: InputName): string | undefined {
  const value = core.getInput(name);
  return value === "" ? undefined : value;
}

function lines(name: InputName): readonly string[] {
  return core.getMultilineInput(name).filter((line) => line !== "");
}

/** Names, separated by spaces, commas or lines. */
function names(name: InputName): readonly string[] {
  return core
    .getInput(name)
    .split(/[\s,]+/)
    .filter((word) => word !== "");
}

function words(name: InputName): readonly string[] {
  const split = splitWords(core.getInput(name));
  if (split === undefined) throw new LaunchError("bad-usage", `input ${name}: a quote in it is not closed`);
  return split;
}

function flag(name: InputName): boolean {
  const value = core.getInput(name);
  if (value === "" || /^false$/i.test(value)) return false;
  if (/^true$/i.test(value)) return true;
  throw new LaunchError("bad-usage", `input ${name} is "${value}"; give true or false`);
}
