import { agentRequestOf } from "../agent/agent-settings.ts";
import { runAgent } from "../agent/agent.ts";
import { systemClock } from "../core/clock.ts";
import { type JsonObject, toJson } from "../core/json.ts";
import { proveTokens } from "../core/token.ts";
import { say } from "../core/output/said.ts";
import { gitHubJobs } from "../github/job-liveness.ts";
import { storeRequestOf } from "../submit/chosen-store.ts";
import { readAgentConfig } from "../submit/config.ts";
import { agentTable } from "../submit/settings/agent-table.ts";
import { inputName } from "../submit/settings/setting.ts";
import { definitionOf } from "../queueing/queue-definitions.ts";
import { openQueues } from "../stores/choose-store.ts";
import type { Exit } from "./exit.ts";
import { goesWithJob } from "./job-state.ts";
import type { JobPlace } from "./job-place.ts";
import { ciRunOf, jobServices } from "./services.ts";

/**
 * The job as an agent. The runner kills a cancelled job ten seconds after its first signal, so that signal ends the runs at once, and
 * gives them back or cancels them.
 */
export async function agentOnGitHub(place: JobPlace, signal: AbortSignal): Promise<Exit> {
  const { inputs, context, log } = place;
  const { launchConfig: given, store: url } = inputs.settings;
  const services = jobServices(place);
  const { document, config } = await readAgentConfig({ ...services, given, cwd: process.cwd() });
  const request = agentRequestOf(inputs.agent, {
    config,
    nameOf: (setting) => inputName(agentTable[setting]),
    onSignal: "end",
    job: toJson({ ...ciRunOf(context), ...jobFacts(place) }),
  });
  const tokens = await services.tokensOf(config);
  await proveTokens(tokens, signal);
  const queues = await openQueues({ ...(await storeRequestOf(url, config, services)), tokens });
  const jobs = gitHubJobs({ tokens, environment: process.env, clock: systemClock, log });
  try {
    for (const queue of request.queues) await definitionOf(queue, queues.store, signal);
    log.info(
      say`${request.agent} serves ${request.queues.join(", ")} of ${queues.store.location}${document === undefined ? "" : `, launch config ${document.name}`}`,
    );
    const stores = [{ ...queues, queues: request.queues, tokens, jobs }];
    const result = await runAgent(request, { ...services, stores, config: document }, signal);
    return { kind: "agent", agent: request.agent, result, failOnRun: inputs.agent.failOnRun === true };
  } finally {
    jobs?.close();
    await services.resources.close();
    await queues.store.close();
  }
}

/** What others ask GitHub by, when this agent says nothing more. */
function jobFacts({ context, state }: JobPlace): JsonObject {
  return {
    server: context.serverUrl,
    runner: process.env["RUNNER_NAME"] ?? "",
    keeps_runs: !goesWithJob(state.path),
  };
}
