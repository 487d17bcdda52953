import { oneLine } from "../../core/output/terminal-text.ts";
import { exitCodes } from "../../core/errors.ts";
import { silentLog } from "../../core/output/log.ts";
import { toJson } from "../../core/json.ts";
import type { Finding } from "../../core/finding.ts";
import { examine } from "../../inspect/doctor.ts";
import { storeRequestOf } from "../../submit/chosen-store.ts";
import { draftLaunch } from "../../submit/draft.ts";
import { chooseStore } from "../../stores/choose-store.ts";
import type { Console } from "../terminal/console.ts";
import { deskServices } from "../program/desk-services.ts";
import { submissionFromFlags } from "../program/submission-from-flags.ts";
import { reportFaults, reportWarnings } from "../terminal/faults.ts";
import { eventWriter } from "../terminal/json-log.ts";
import type { DoctorFlags, Words } from "../program/flags.ts";
import { interruption } from "../../core/interruption.ts";

/** `launch doctor`: what is here, and what is missing for a spec. Exit code 0, 2 for a faulty spec, 3 when something that it needs is missing. */
export async function doctorCommand(words: Words, flags: DoctorFlags, console: Console): Promise<number> {
  const interrupted = interruption({ onFirst: () => undefined, onForce: () => process.exit(exitCodes.cancelled) });
  try {
    const submission = submissionFromFlags(words, flags, console);
    const [what] = submission.specs;
    const services = deskServices(console, silentLog);
    const draft = await draftLaunch({ ...submission, what }, services, interrupted.signal);
    if (draft.kind === "faults") return await reportFaults(draft, flags.json === true, console);
    await reportWarnings(draft, console);
    const choice = await storeRequestOf(flags.store, draft.config, services);
    const findings = await examine(
      {
        // Without a spec or a source, the spec is all defaults: what those need says nothing about this place.
        draft: draft.specFile === undefined && what === undefined ? undefined : draft,
        workingDirectory: console.workingDirectory,
        state: services.state,
        store: chooseStore(choice),
        environments: services.environments,
        environment: console.environment,
      },
      interrupted.signal,
    );
    await show(findings, flags.json === true, console);
    return findings.some(isLacking) ? exitCodes.infrastructure : exitCodes.succeeded;
  } finally {
    interrupted.stop();
  }
}

function isLacking({ found, needed }: Finding): boolean {
  return !found && needed !== undefined;
}

async function show(findings: readonly Finding[], json: boolean, { out, style }: Console): Promise<void> {
  const lacking = findings.filter(isLacking);
  if (json) {
    await eventWriter(out)("doctor", toJson({ ok: lacking.length === 0, findings }));
    return;
  }
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const lines = findings.map((finding) => {
    const word = finding.found
      ? style.green("ok      ")
      : isLacking(finding)
        ? style.red("missing ")
        : style.dim("not here");
    const use = finding.needed === undefined || finding.found ? "" : `  (for ${finding.needed})`;
    return `  ${word}  ${finding.subject.padEnd(width)}  ${oneLine(finding.detail)}${use}`;
  });
  const end =
    lacking.length === 0 ? "Nothing is missing." : `Missing: ${lacking.map(({ subject }) => subject).join(", ")}.`;
  await out.write(`${[...lines, end].join("\n")}\n`);
}
