import type { Command } from "commander";
import type { AgentFlags, AgentListFlags, AgentStopFlags } from "./flags.ts";
import { agentTable } from "../../submit/settings/agent-table.ts";
import { logOptions, settingOptions, storeOption } from "./options.ts";
import type { CommandPlace } from "./queue-program.ts";

/** `launch agent`, and the commands to see and stop agents. */
export function addAgents(program: Command, { console, running }: CommandPlace): void {
  const agent = program
    .command("agent")
    .enablePositionalOptions()
    .summary("take runs from queues and launch them here")
    .action(running(async (flags: AgentFlags) => (await import("../commands/agent.ts")).agentCommand(flags, console)));
  settingOptions(agent, agentTable);
  logOptions(agent.addOption(storeOption()));
  agent
    .command("list")
    .summary("the agents that have been seen")
    .addOption(storeOption())
    .option("--json", "as JSON, one agent a line")
    .action(
      running(async (flags: AgentListFlags) =>
        (await import("../commands/agents.ts")).listAgentsCommand(flags, console),
      ),
    );
  agent
    .command("stop")
    .summary("let agents, here or elsewhere, take no more runs, and end when their runs have")
    .argument("<agent...>", "their ids")
    .option("--now", "end their runs too; they are given back, or cancelled where the agent's --on-cancel says so")
    .option("--timeout <duration>", "wait so long for the answer", "1min")
    .addOption(storeOption())
    .option("--json", "as JSON, one agent a line")
    .action(
      running(async (names: readonly string[], flags: AgentStopFlags) =>
        (await import("../commands/agents.ts")).stopAgentsCommand(names, flags, console),
      ),
    );
}
