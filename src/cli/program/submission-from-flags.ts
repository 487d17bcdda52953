import { resolve } from "node:path";
import { LaunchError } from "../../core/errors.ts";
import { isUrl } from "../../core/url.ts";
import { defaultQueue } from "../../queues/definition.ts";
import { userName } from "../../submit/owner.ts";
import { launchTable } from "../../submit/settings/launch-table.ts";
import { flagName } from "../../submit/settings/setting.ts";
import type { LaunchSettings } from "../../submit/settings/tables.ts";
import type { Submission } from "../../submit/submission.ts";
import type { Console } from "../terminal/console.ts";
import type { LaunchFlags, Words } from "./flags.ts";

/** What the words and flags of `run`, `validate` and `doctor` ask for. Throws `bad-usage` for those that don't go together. */
export function submissionFromFlags(words: Words, flags: LaunchFlags, { workingDirectory }: Console): Submission {
  const { whats } = words;
  const [first] = whats;
  if (first !== undefined && flags.spec !== undefined) {
    throw new LaunchError("bad-usage", `"${first}" and --config both name a spec; keep one`);
  }
  return {
    specs: first === undefined ? [flags.spec] : whats,
    called: flags.spec === undefined ? "SPEC" : flagName(launchTable.spec),
    settings: settingsOf(words, flags, workingDirectory),
    nameOf: (setting) => flagName(launchTable[setting]),
    secrets: {},
    by: userName(),
    ci: undefined,
    idempotencyKey: undefined,
  };
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
