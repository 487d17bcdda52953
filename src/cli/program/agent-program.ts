import type { Command } from "commander";
import type { AgentFlags, AgentListFlags, AgentStopFlags } from "./flags.ts";
import { collect, storeOption } from "./options.ts";
import type { CommandPlace } from "./queue-program.ts";

/** `launch agent`, and the commands to see and stop agents. */
export function addAgents(program: Command, { console, noWords, done }: CommandPlace): void {
  const agent = program
    .command("agent")
    .enablePositionalOptions()
    .summary("take runs from queues and launch them here")
    .option("-q, --queue <name>", "a queue to serve, or several with commas (repeatable)", collect)
    .option("-j, --max-jobs <number>", "runs at the same time; -1 for no limit")
    .option("-c, --config <file>", "the launch config: what runs may use here")
    .option("-n, --name <id>", "the agent's id (default: made from this machine's name)")
    .option("--slots <name=amount>", "what runs share: gpu=auto, licence=2 (repeatable)", collect)
    .option("--drain", "end when the queues are empty")
    .option("--idle-timeout <duration>", "end after so long without a run")
    .option("--time-limit <duration>", "end after so long; take no run that may last longer")
    .option("--on-cancel <what>", "runs that are ended for the agent's sake: requeue or cancel", "requeue")
    .option("--fail-on-run", "exit code 1 when a run has failed")
    .addOption(storeOption())
    .option("--json", "events as JSON, one a line")
    .option("--verbose", "more of what is done")
    .action(async (flags: AgentFlags) => {
      noWords();
      const { agentCommand } = await import("../commands/agent.ts");
      done(await agentCommand(flags, console));
    });
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
