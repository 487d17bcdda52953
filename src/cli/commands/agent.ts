import { homedir } from "node:os";
import { agentRequestOf } from "../../agent/agent-settings.ts";
import { runAgent } from "../../agent/agent.ts";
import type { AgentResult, TakenRun } from "../../agent/request.ts";
import { exitCodes } from "../../core/errors.ts";
import { interruption } from "../../core/interruption.ts";
import { toJson } from "../../core/json.ts";
import { proveTokens } from "../../core/token.ts";
import { ours, say } from "../../core/output/said.ts";
import { storeRequestOf } from "../../submit/chosen-store.ts";
import { readAgentConfig } from "../../submit/config.ts";
import { agentTable } from "../../submit/settings/agent-table.ts";
import { flagName } from "../../submit/settings/setting.ts";
import { definitionOf } from "../../queueing/queue-definitions.ts";
import { openQueues } from "../../stores/choose-store.ts";
import { agentWords } from "../../reporting/agent-report.ts";
import type { Console } from "../terminal/console.ts";
import type { AgentFlags } from "../program/flags.ts";
import { eventWriter } from "../terminal/json-log.ts";
import { deskServices } from "../program/desk-services.ts";
import { openLog } from "../terminal/open-log.ts";
import { jobsOf } from "../program/tokens.ts";

/** `launch agent`: serves queues on this machine until there is a reason to end. */
export async function agentCommand(flags: AgentFlags, console: Console): Promise<number> {
  const { environment, workingDirectory: cwd, out } = console;
  const { document, config } = await readAgentConfig({ given: flags.launchConfig, environment, cwd, home: homedir() });
  const request = agentRequestOf(flags, {
    config,
    nameOf: (setting) => flagName(agentTable[setting]),
    onSignal: "drain",
    job: undefined,
  });
  const { log, stop } = openLog(console, {
    json: flags.json === true,
    verbose: flags.verbose === true,
    raw: flags.raw === true,
  });
  const interrupted = interruption({
    onFirst: (name) => log.info(say`${ours(name)}: takes no more runs (again to end those that run)`),
    onSecond: () => undefined,
    anyCounts: true,
    onForce: () => {
      process.stderr.write("ended at once; `launch prune` takes away what may be left of its runs\n");
      process.exit(exitCodes.cancelled);
    },
  });
  const services = deskServices(console, log);
  const tokens = await services.tokensOf(config);
  await proveTokens(tokens, interrupted.signal);
  const queues = await openQueues({ ...(await storeRequestOf(flags.store, config, services)), tokens });
  const jobs = await jobsOf(tokens, environment, log);
  try {
    for (const queue of request.queues) await definitionOf(queue, queues.store, interrupted.signal);
    log.info(
      say`${request.agent} serves ${request.queues.join(", ")} of ${queues.store.location}${document === undefined ? "" : `, launch config ${document.name}`}`,
    );
    const result = await runAgent(
      request,
      {
        ...services,
        stores: [{ ...queues, queues: request.queues, tokens, jobs }],
        config: document,
        force: interrupted.force,
      },
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
    await services.resources.close();
    await queues.store.close();
  }
}

function exitCodeOf({ end, runs }: AgentResult, { failOnRun }: AgentFlags): number {
  if (end === "conflict") return exitCodes.infrastructure;
  const failed = runs.some(({ end: { kind } }: TakenRun) => kind === "failed");
  return failOnRun === true && failed ? exitCodes.runFailed : exitCodes.succeeded;
}
