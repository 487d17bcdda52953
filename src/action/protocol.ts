import { LaunchError } from "../core/errors.ts";
import { version } from "../core/version.ts";

/* The action's edge, in the words of action.yml; a test holds the two equal. Its inputs are in the tables of settings. */

const commands = ["launch", "agent", "cancel", "status"] as const;
export type ActionCommand = (typeof commands)[number];

/** A workflow that is written for a later version's command must not do something else here. */
export function commandOf(text: string): ActionCommand {
  const found = commands.find((command) => command === text);
  if (found !== undefined) return found;
  const known = commands.join(", ");
  throw new LaunchError(
    ["comment", "report", "repro"].includes(text) ? "unsupported" : "bad-usage",
    `input command: there is no command "${text}" in version ${version} of this action; it has ${known}`,
  );
}

export const outputNames = [
  "run-id",
  "run-ids",
  "state",
  "reason",
  "image",
  "image-digest",
  "url",
  "record",
  "result",
] as const;
export type OutputName = (typeof outputNames)[number];

/** What main leaves for post. */
export type StateName = "state-directory";
