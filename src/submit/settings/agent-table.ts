import type { SettingTable } from "./setting.ts";

/** What can be said of an agent. */
export const agentTable = {
  queues: {
    kind: "names",
    flag: "-q, --queue <name>",
    help: "a queue to serve, or several with commas (repeatable)",
    input: "queues",
    description:
      "For `agent`, the queues to serve in turn, separated by spaces or commas. By default those of the launch config, else `default`.",
  },
  maxJobs: {
    kind: "text",
    flag: "-j, --max-jobs <number>",
    help: "runs at the same time; -1 for no limit",
    input: "max-jobs",
    description: "For `agent`, runs at the same time; `-1` for no limit. By default the launch config's, else 1.",
  },
  launchConfig: {
    kind: "text",
    flag: "-c, --config <file>",
    help: "the launch config: what runs may use here",
    input: "launch-config",
  },
  agent: {
    kind: "text",
    flag: "-n, --name <id>",
    help: "the agent's id (default: made from this machine's name)",
    input: "name",
  },
  slots: {
    kind: "lines",
    flag: "--slots <name=amount>",
    help: "what runs share: gpu=auto, licence=2 (repeatable)",
    input: "slots",
    description: "For `agent`, what runs share of the machine, one `gpu=auto` or `licence=2` a line.",
  },
  drain: {
    kind: "switch",
    flag: "--drain",
    help: "end when the queues are empty",
    input: "drain",
    description: "For `agent`, end when the queues are empty, `true` or `false`.",
  },
  idleTimeout: {
    kind: "text",
    flag: "--idle-timeout <duration>",
    help: "end after so long without a run",
    input: "idle-timeout",
    description: "For `agent`, end after so long without a run, `10min`.",
  },
  timeLimit: {
    kind: "text",
    flag: "--time-limit <duration>",
    help: "end after so long; take no run that may last longer",
    input: "time-limit",
    description: "For `agent`, end after so long, `5h`, and take no run that may last longer than what is left.",
  },
  onCancel: {
    kind: "text",
    flag: "--on-cancel <what>",
    help: "runs that are ended for the agent's sake: requeue or cancel",
    default: "requeue",
    input: "on-cancel",
    description: "For `agent`, what becomes of its runs when its job is cancelled, `requeue` or `cancel`.",
  },
  failOnRun: {
    kind: "switch",
    flag: "--fail-on-run",
    help: "exit code 1 when a run has failed",
    input: "fail-on-run",
    description: "For `agent`, fail the job when a run has failed, `true` or `false`.",
  },
} as const satisfies SettingTable;
