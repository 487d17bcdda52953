import { exitCodes } from "../../core/errors.ts";
import { toJson } from "../../core/json.ts";
import { silentLog } from "../../core/output/log.ts";
import { queuesOf } from "../../submit/chosen-store.ts";
import { draftLaunch, type FaultyDraft, type ResolvedDraft } from "../../submit/draft.ts";
import { explain } from "../../spec/resolve/explain.ts";
import { truncated } from "../../reporting/words.ts";
import type { Console } from "../terminal/console.ts";
import { columns } from "../terminal/columns.ts";
import { deskServices } from "../program/desk-services.ts";
import { submissionFromFlags } from "../program/submission-from-flags.ts";
import { reportFaults, reportWarnings } from "../terminal/faults.ts";
import { eventWriter } from "../terminal/json-log.ts";
import type { ValidateFlags, Words } from "../program/flags.ts";

const maxValueWidth = 60;

/** `launch validate`: all faults of a spec and its config, or with `--explain` where each value is from. */
export async function validateCommand(words: Words, flags: ValidateFlags, console: Console): Promise<number> {
  const { signal } = new AbortController();
  const services = deskServices(console, silentLog);
  const queues = queuesOf(flags.store, services, signal);
  try {
    const submission = submissionFromFlags(words, flags, console);
    const request = { ...submission, what: submission.specs[0] };
    const draft = await draftLaunch(request, { ...services, queue: queues.resolution }, signal);
    return await validate(draft, flags, console);
  } finally {
    await queues.close();
  }
}

async function validate(draft: FaultyDraft | ResolvedDraft, flags: ValidateFlags, console: Console): Promise<number> {
  const json = flags.json === true;
  if (draft.kind === "faults") return reportFaults(draft, json, console);
  await reportWarnings(draft, console);
  const rows = explain(draft);
  if (json) {
    const origins = flags.explain === true ? { origins: rows } : {};
    await eventWriter(console.out)("valid", toJson({ spec: draft.spec, warnings: draft.warnings, ...origins }));
    return exitCodes.succeeded;
  }
  if (flags.explain === true) {
    const shown = rows.map(({ path, value, origin }) => [
      path,
      truncated(JSON.stringify(value), maxValueWidth),
      origin,
    ]);
    await console.out.write(`${columns([["field", "value", "from"], ...shown])}\n`);
    return exitCodes.succeeded;
  }
  const names = draft.documents.map(({ name }) => name);
  const what = names.length === 0 ? "the flags" : names.join(" and ");
  await console.out.write(
    `${what}: valid (${draft.spec.name} on ${draft.spec.resource}${draft.queue === undefined ? "" : `, queue ${draft.queue.name}`})\n`,
  );
  return exitCodes.succeeded;
}
