/* The action's edge, in the words of action.yml; a test holds the two equal. Its inputs are in the tables of settings. */

export const commands = ["launch", "agent", "cancel", "status"] as const;
export type ActionCommand = (typeof commands)[number];

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
