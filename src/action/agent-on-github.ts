import { homedir } from "node:os";
import { agentRequestOf } from "../agent/agent-settings.ts";
import { runAgent } from "../agent/agent.ts";
import { toJson } from "../core/json.ts";
import { readLaunchConfig } from "../launch/launch-config.ts";
import { definitionOf } from "../launch/queue-definitions.ts";
import { openQueues } from "../launch/store-choice.ts";
import type { Exit } from "./exit.ts";
import { agentInputNameOf } from "./inputs.ts";
import { ciRunOf, type JobPlace, jobServices, storeRequestOf } from "./services.ts";

/**
 * The job as an agent. The runner kills a cancelled job ten seconds after its first signal, so that signal ends the runs at once, and
 * gives them back or cancels them.
 */
export async function agentOnGitHub(place: JobPlace, signal: AbortSignal): Promise<Exit> {
  const { inputs, context, log } = place;
  const lookUp = { given: inputs.launchConfig, environment: process.env, cwd: process.cwd(), home: homedir() };
  const { document, config } = await readLaunchConfig(lookUp);
  const request = agentRequestOf(inputs.agent, {
    config,
    nameOf: agentInputNameOf,
    onSignal: "end",
    job: toJson(ciRunOf(context)),
  });
  const queues = await openQueues(storeRequestOf(place, config));
  try {
    for (const queue of request.queues) await definitionOf(queue, queues.store, signal);
    log.info(`${request.agent} serves ${request.queues.join(", ")} of ${queues.store.location}`);
    const result = await runAgent(request, { ...jobServices(place), ...queues, config: document }, signal);
    return { kind: "agent", agent: request.agent, result, failOnRun: inputs.failOnRun };
  } finally {
    await queues.store.close();
  }
}
