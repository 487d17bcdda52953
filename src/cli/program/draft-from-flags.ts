import { homedir } from "node:os";
import { resolve } from "node:path";
import { LaunchError } from "../../core/errors.ts";
import { draftLaunch, type FaultyDraft, type ResolvedDraft } from "../../submit/draft.ts";
import { isUrl } from "../../core/url.ts";
import { ownerOf } from "../../submit/owner.ts";
import { defaultQueue } from "../../queues/definition.ts";
import type { Overlay, QueueResolution } from "../../spec/resolve/resolution.ts";
import { launchTable } from "../../submit/settings/launch-table.ts";
import { flagName } from "../../submit/settings/setting.ts";
import type { LaunchSettings } from "../../submit/settings/tables.ts";
import type { Console } from "../terminal/console.ts";
import type { LaunchFlags, Words } from "./flags.ts";

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
  if (words.what !== undefined && flags.spec !== undefined) {
    throw new LaunchError("bad-usage", `"${words.what}" and --config both name a spec; keep one`);
  }
  const { environment, workingDirectory } = console;
  return draftLaunch({
    what: words.what ?? flags.spec,
    called: words.what === undefined && flags.spec !== undefined ? "--config" : "SPEC",
    settings: settingsOf(words, flags, workingDirectory),
    nameOf: (setting) => flagName(launchTable[setting]),
    environment,
    home: homedir(),
    ownerOf: (directory) => ownerOf(directory, signal),
    ...extras,
  });
}

function settingsOf(words: Words, flags: LaunchFlags, workingDirectory: string): LaunchSettings {
  return {
    ...flags,
    // A folder in a flag is relative to where the flag was typed, not to the spec's file.
    uri: flags.uri === undefined || isUrl(flags.uri) ? flags.uri : resolve(workingDirectory, flags.uri),
    entryPoint: entryPointOf(words, flags),
    queue: queueOf(flags),
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
