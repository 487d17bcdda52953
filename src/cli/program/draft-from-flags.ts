import { homedir } from "node:os";
import { resolve } from "node:path";
import { LaunchError } from "../../core/errors.ts";
import { draftLaunch, type FaultyDraft, type ResolvedDraft } from "../../submit/draft.ts";
import { isUrl } from "../../core/url.ts";
import { ownerOf } from "../../submit/owner.ts";
import { defaultQueue } from "../../queues/definition.ts";
import type { Overlay, QueueResolution } from "../../spec/resolve/resolution.ts";
import type { LaunchSettings, SettingName } from "../../submit/settings.ts";
import type { Console } from "../terminal/console.ts";
import type { LaunchFlags, Words } from "./flags.ts";

const flagNames: Readonly<Record<SettingName, string>> = {
  uri: "--uri",
  gitVersion: "--git-version",
  dockerImage: "--docker-image",
  name: "--name",
  project: "--project",
  entity: "--entity",
  entryPoint: "--entry-point",
  args: "--arg",
  set: "--set",
  env: "--env",
  secretVariables: "--secret",
  dockerfile: "--dockerfile",
  resource: "--resource",
  resourceArgs: "--resource-args",
  dockerArgs: "--docker-arg",
  timeout: "--timeout",
  queue: "--queue",
  priority: "--priority",
  templateVariables: "--set-var",
};

/** What a command adds to its flags: one of the variants of `--each`, and the queues to look into. */
export type DraftExtras = { readonly overlays?: readonly Overlay[]; readonly queue?: QueueResolution };

/** What the words and flags of `run`, `validate` and `doctor` say, resolved to a spec and a config, or to faults. */
export async function draftFromFlags(
  words: Words,
  flags: LaunchFlags,
  console: Console,
  signal: AbortSignal,
  extras: DraftExtras = {},
): Promise<FaultyDraft | ResolvedDraft> {
  if (words.what !== undefined && flags.config !== undefined) {
    throw new LaunchError("bad-usage", `"${words.what}" and --config both name a spec; keep one`);
  }
  const { environment, workingDirectory } = console;
  return draftLaunch({
    what: words.what ?? flags.config,
    called: words.what === undefined && flags.config !== undefined ? "--config" : "SPEC",
    settings: settingsOf(words, flags, workingDirectory),
    nameOf: (setting) => flagNames[setting],
    resourceArgs: flags.resourceArgs,
    launchConfig: flags.launchConfig,
    environment,
    home: homedir(),
    ownerOf: (directory) => ownerOf(directory, signal),
    ...extras,
  });
}

function settingsOf(words: Words, flags: LaunchFlags, workingDirectory: string): LaunchSettings {
  return {
    // A folder in a flag is relative to where the flag was typed, not to the spec's file.
    uri: flags.uri === undefined || isUrl(flags.uri) ? flags.uri : resolve(workingDirectory, flags.uri),
    gitVersion: flags.gitVersion,
    dockerImage: flags.dockerImage,
    name: flags.name,
    project: flags.project,
    entity: flags.entity,
    entryPoint: entryPointOf(words, flags),
    args: flags.arg,
    set: flags.set,
    env: flags.env,
    secretVariables: flags.secret,
    dockerfile: flags.dockerfile,
    resource: flags.resource,
    dockerArgs: flags.dockerArg,
    timeout: flags.timeout,
    queue: queueOf(flags),
    priority: flags.priority,
    templateVariables: flags.setVar,
  };
}

/** `-q` may stand without a name, so a spec that follows it is taken for one. */
function queueOf({ queue }: LaunchFlags): string | undefined {
  if (queue === true) return defaultQueue;
  if (queue === undefined || !/[./\\]/.test(queue)) return queue;
  throw new LaunchError(
    "bad-usage",
    `-q "${queue}": that is no name of a queue; to run it in a queue, name the queue before it (-q ${defaultQueue} ${queue}), or put -q last`,
  );
}

function entryPointOf({ command }: Words, { entryPoint }: LaunchFlags): string | readonly string[] | undefined {
  if (typeof entryPoint === "string") {
    if (command === undefined) return entryPoint;
    throw new LaunchError("bad-usage", `-E "${entryPoint}" and the words after -- both give the command; keep one`);
  }
  if (command?.length === 0 || (entryPoint === true && command === undefined)) {
    throw new LaunchError("bad-usage", "no command is given: write it after -E as one string, or after -- as words");
  }
  return command;
}
