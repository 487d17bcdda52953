import { exitCodes } from "../../core/errors.ts";
import { interruption } from "../../core/interruption.ts";
import { ours, say } from "../../core/output/said.ts";
import { submit } from "../../submit/submit.ts";
import { deskServices } from "../program/desk-services.ts";
import type { RunFlags, Words } from "../program/flags.ts";
import { submissionFromFlags } from "../program/submission-from-flags.ts";
import type { Console } from "../terminal/console.ts";
import { reportFaults } from "../terminal/faults.ts";
import { openLog } from "../terminal/open-log.ts";
import { followEnqueued } from "./running/follow-enqueued.ts";
import { showEnd } from "./running/show-end.ts";
import { showPlans } from "./running/show-plans.ts";

/** `launch run`: from the words and flags to a finished run, or to runs that wait in a queue. */
export async function runCommand(words: Words, flags: RunFlags, console: Console): Promise<number> {
  const { log, stop } = openLog(console, {
    json: flags.json === true,
    verbose: flags.verbose === true,
    raw: flags.raw === true,
  });
  // A run that waits in a queue is nothing of ours to end.
  let queued = false;
  const interrupted = interruption({
    onFirst: (name) => {
      if (!queued) log.info(say`${ours(name)}: ending the run (again to end at once)`);
    },
    onSecond: () => log.info(say`killing the run`),
    onForce: () => {
      process.stderr.write("ended at once; `launch prune` takes away what may be left of the run\n");
      process.exit(exitCodes.cancelled);
    },
  });
  const services = { ...deskServices(console, log), force: interrupted.force, onQueue: () => (queued = true) };
  try {
    const submission = submissionFromFlags(words, flags, console);
    const submitted = await submit(submission, services, interrupted.signal);
    switch (submitted.kind) {
      case "faults":
        return await reportFaults(submitted, flags.json === true, console);
      case "planned":
        return await showPlans(submitted.plans, flags, console);
      case "launched":
        stop();
        return await showEnd(submitted.result, flags, console);
      case "enqueued":
        return await followEnqueued({ ...submitted, flags, console, services }, interrupted.signal);
    }
  } finally {
    await services.resources.close();
    stop();
    interrupted.stop();
  }
}
