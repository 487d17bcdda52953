import { planLines } from "../launch/plan-lines.ts";
import { launchTable } from "../submit/settings/launch-table.ts";
import { inputName } from "../submit/settings/setting.ts";
import type { Submission } from "../submit/submission.ts";
import { submit } from "../submit/submit.ts";
import type { Exit } from "./exit.ts";
import { exitOfFaults } from "./faults.ts";
import type { JobPlace } from "./job-place.ts";
import { ciRunOf, jobServices, submitterOf } from "./services.ts";
import { specsOf } from "./specs.ts";

/** The command `launch`: from the inputs to a finished run, or to runs that wait in a queue. */
export async function launchOnGitHub(place: JobPlace, signal: AbortSignal): Promise<Exit> {
  const services = jobServices(place);
  const submitted = await submit(submissionOf(place), services, signal).finally(() => services.resources.close());
  switch (submitted.kind) {
    case "faults":
      return exitOfFaults(submitted);
    case "planned":
      return {
        kind: "plan",
        plans: submitted.plans.map(({ plan }) => plan),
        lines: submitted.plans.flatMap(({ name, plan }) => planLines(name, plan)),
      };
    case "launched": {
      const { againOnGitHub } = await import("./again.ts");
      const { result, specFile } = submitted;
      return { kind: "run", result, again: againOnGitHub(result.record, place.inputs, specFile) };
    }
    case "enqueued": {
      const { queuedOnGitHub } = await import("./queued-on-github.ts");
      return queuedOnGitHub(submitted, place, signal);
    }
  }
}

/** What the inputs ask for. */
function submissionOf({ inputs, context }: JobPlace): Submission {
  const { settings, secrets } = inputs;
  return {
    specs: settings.spec === undefined ? [undefined] : specsOf(settings.spec),
    called: inputName(launchTable.spec),
    settings,
    nameOf: (setting) => inputName(launchTable[setting]),
    secrets,
    by: submitterOf(context),
    ci: ciRunOf(context),
    idempotencyKey: keyOf({ inputs, context }),
  };
}

/** The same for every attempt of this step in this job of this workflow run, and for nothing else. */
function keyOf({ inputs, context }: Pick<JobPlace, "inputs" | "context">): string | undefined {
  const { owner, repository, runId, job } = context;
  if (runId === "") return undefined;
  return JSON.stringify([owner, repository, runId, job, process.env["GITHUB_ACTION"] ?? "", inputs.leg]);
}
