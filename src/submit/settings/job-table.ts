import type { SettingTable } from "./setting.ts";

/** What a job on GitHub says besides: what to do, with which token, where. */
export const jobTable = {
  command: {
    kind: "text",
    input: "command",
    description:
      "What to do: `launch` a run here and now or into a `queue`, be an `agent` that takes runs from queues, `cancel` runs, or tell their `status`.",
    default: "launch",
    common: true,
  },
  runs: {
    kind: "names",
    input: "runs",
    description: "For `cancel` and `status`, ids of runs or names of groups, separated by spaces.",
  },
  token: {
    kind: "text",
    input: "token",
    description:
      "Token for this GitHub, to fetch code and to keep runs. To keep runs in this repository it needs `contents: write`.",
    default: "${{ github.token }}",
  },
  workingDirectory: {
    kind: "text",
    input: "working-directory",
    description: "Folder of the workspace that paths are relative to.",
    default: ".",
  },
  leg: {
    kind: "text",
    input: "leg",
    description:
      "What tells this job from others of its matrix, so that running it again enqueues nothing twice. Leave it as it is.",
    default: "${{ toJSON(matrix) }}",
  },
} as const satisfies SettingTable;
