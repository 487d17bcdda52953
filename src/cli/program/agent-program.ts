import type { Command } from "commander";
import type { AgentFlags, AgentListFlags, AgentStopFlags } from "./flags.ts";
import { agentTable } from "../../submit/settings/agent-table.ts";
import { logOptions, settingOptions, storeOption } from "./options.ts";
import type { CommandPlace } from "./queue-program.ts";

/** `launch agent`, and the commands to see and stop agents. */
export function addAgents(program: Command, { console, noWords, done }: CommandPlace): void {
  const agent = program
    .command("agent")
    .enablePositionalOptions()
    .summary("take runs from queues and launch them here")
    .action(async (flags: AgentFlags) => {
      noWords();
      const { agentCommand } = await import("../commands/agent.ts");
      done(await agentCommand(flags, console));
    });
  settingOptions(agent, agentTable);
  logOptions(agent.addOption(storeOption()));
  agent
    .command("list")
    .summary("the agents that have been seen")
    .addOption(storeOption())
    .option("--json", "as JSON, one agent a line")
    .action(async (flags: AgentListFlags) => {
      noWords();
      const { listAgentsCommand } = await import("../commands/agents.ts");
      done(await listAgentsCommand(flags, console));
    });
  agent
    .command("stop")
    .summary("let agents, here or elsewhere, take no more runs, and end when their runs have")
    .argument("<agent...>", "their ids")
    .option("--now", "end their runs too; they are given back, or cancelled where the agent's --on-cancel says so")
    .option("--timeout <duration>", "wait so long for the answer", "1min")
    .addOption(storeOption())
    .option("--json", "as JSON, one agent a line")
    .action(async (names: readonly string[], flags: AgentStopFlags) => {
      noWords();
      const { stopAgentsCommand } = await import("../commands/agents.ts");
      done(await stopAgentsCommand(names, flags, console));
    });
}
