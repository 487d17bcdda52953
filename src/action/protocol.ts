/*
 * The action's edge, in the words of action.yml. A test holds the two equal, so that an input that action.yml lacks doesn't compile
 * and one that nothing reads doesn't pass.
 */

export const inputNames = [
  "command",
  "spec",
  "uri",
  "git-version",
  "docker-image",
  "entry-point",
  "args",
  "set",
  "env",
  "secrets",
  "dockerfile",
  "resource",
  "resource-args",
  "docker-args",
  "timeout",
  "queue",
  "priority",
  "template-variables",
  "each",
  "replace",
  "wait",
  "wake",
  "runs",
  "queues",
  "max-jobs",
  "slots",
  "drain",
  "idle-timeout",
  "time-limit",
  "on-cancel",
  "fail-on-run",
  "leg",
  "name",
  "project",
  "entity",
  "launch-config",
  "store",
  "token",
  "working-directory",
  "include-untracked",
  "dry-run",
] as const;
export type InputName = (typeof inputNames)[number];

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
