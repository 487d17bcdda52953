import { homedir } from "node:os";
import { agentRequestOf } from "../../agent/agent-settings.ts";
import { runAgent } from "../../agent/agent.ts";
import type { AgentResult, TakenRun } from "../../agent/request.ts";
import { systemClock } from "../../core/clock.ts";
import { exitCodes } from "../../core/errors.ts";
import { interruption } from "../../core/interruption.ts";
import { toJson } from "../../core/json.ts";
import { stateDirectoryOf } from "../../core/state-directory.ts";
import { proveTokens } from "../../core/token.ts";
import { readLaunchConfig } from "../../submit/config.ts";
import { agentTable } from "../../submit/settings/agent-table.ts";
import { flagName } from "../../submit/settings/setting.ts";
import { thisLauncher } from "../../launch/services.ts";
import { definitionOf } from "../../queueing/queue-definitions.ts";
import { openQueues } from "../../stores/choose-store.ts";
import { agentWords } from "../../reporting/agent-report.ts";
import type { Console } from "../terminal/console.ts";
import type { AgentFlags } from "../program/flags.ts";
import { eventWriter } from "../terminal/json-log.ts";
import { openLog } from "../terminal/open-log.ts";
import { jobsOf, ownTokens } from "../program/tokens.ts";

/** `launch agent`: serves queues on this machine until there is a reason to end. */
export async function agentCommand(flags: AgentFlags, console: Console): Promise<number> {
  const { environment, workingDirectory: cwd, out } = console;
  const home = homedir();
  const { document, config } = await readLaunchConfig({ given: flags.launchConfig, environment, cwd, home });
  const request = agentRequestOf(flags, {
    config,
    nameOf: (setting) => flagName(agentTable[setting]),
    onSignal: "drain",
    job: undefined,
  });
  const { log, stop } = openLog(console, { json: flags.json === true, verbose: flags.verbose === true });
  const interrupted = interruption({
    onFirst: (name) => log.info(`${name}: takes no more runs (again to end those that run)`),
    onSecond: () => undefined,
    onForce: () => {
      process.stderr.write("ended at once; `launch prune` takes away what may be left of its runs\n");
      process.exit(exitCodes.cancelled);
    },
  });
  const state = stateDirectoryOf(environment, home);
  const tokens = await ownTokens(config, environment, log);
  await proveTokens(tokens, interrupted.signal);
  const given = flags.store ?? config.store;
  const queues = await openQueues({ given, byDefault: undefined, isPublic: true, state, tokens, log });
  const jobs = await jobsOf(tokens, environment, log);
  try {
    for (const queue of request.queues) await definitionOf(queue, queues.store, interrupted.signal);
    log.info(`${request.agent} serves ${request.queues.join(", ")} of ${queues.store.location}`);
    const services = { log, clock: systemClock, state, environment, tokens, launcher: thisLauncher() };
    const result = await runAgent(
      request,
      { ...services, ...queues, jobs, config: document, force: interrupted.force },
      interrupted.signal,
    );
    stop();
    if (flags.json === true) await eventWriter(out)("agent", toJson({ agent: request.agent, ...result }));
    else await out.write(`  ${agentWords({ agent: request.agent, ...result })}\n`);
    return exitCodeOf(result, flags);
  } finally {
    stop();
    interrupted.stop();
    jobs?.close();
    await queues.store.close();
  }
}

function exitCodeOf({ end, runs }: AgentResult, { failOnRun }: AgentFlags): number {
  if (end === "conflict") return exitCodes.infrastructure;
  const failed = runs.some(({ end: { kind } }: TakenRun) => kind === "failed");
  return failOnRun === true && failed ? exitCodes.runFailed : exitCodes.succeeded;
}
