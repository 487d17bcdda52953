import * as core from "@actions/core";
import { interruption } from "../core/interruption.ts";
import { ownSecretValues } from "../core/output/own-secrets.ts";
import { type Redact, redactionOf } from "../core/output/redaction.ts";
import { writerOn } from "../core/output/writer.ts";
import { type GitHubContext, gitHubContext } from "../github/context.ts";
import { type Exit, leave } from "./exit.ts";
import { exitOfError } from "./faults.ts";
import type { JobOutput } from "./github-log.ts";
import { loadInputs, takeSecretInputs, unknownInputs } from "./inputs.ts";
import { enterFolder, type JobPlace, keepStateDirectory, openPlace } from "./job-place.ts";
import { type ActionCommand, commandOf } from "./protocol.ts";

/** The action: reads its inputs, does what its command says, and says how that ended. */
export async function runMain(): Promise<void> {
  const context = gitHubContext(process.env);
  const stdout = writerOn(process.stdout);
  // Before the inputs are taken out of the environment.
  const secrets = ownSecretValues(process.env);
  const exit = await act(context, stdout).catch(exitOfError);
  const exitCode = await leave(withoutSecrets(exit, redactionOf(secrets)), context);
  await stdout.flush();
  // The runner waits for the process, and nothing that may still be open has work to do.
  process.exit(exitCode);
}

/** The words of a fault may quote whatever was asked for. */
function withoutSecrets(exit: Exit, redact: Redact): Exit {
  if (exit.kind !== "fault") return exit;
  return { ...exit, message: redact(exit.message), detail: exit.detail.map((line) => redact(line)) };
}

async function act(context: GitHubContext, out: JobOutput): Promise<Exit> {
  const inputs = loadInputs();
  for (const name of unknownInputs(process.env)) core.warning(`there is no input "${name}"; it has no effect`);
  takeSecretInputs(process.env);
  const command = commandOf(inputs.command);
  enterFolder({ inputs, context });
  const interrupted = interruption({
    onFirst: (name) => core.info(`${name}: ending${command === "launch" ? " the run" : ""}`),
    onForce: () => undefined,
  });
  const place = openPlace(command, { inputs, context }, out);
  try {
    return await perform(command, place, interrupted.signal);
  } finally {
    place.log.stop();
    interrupted.stop();
  }
}

/** Each command's own code comes by `import()`. */
async function perform(command: ActionCommand, place: JobPlace, signal: AbortSignal): Promise<Exit> {
  if (command === "launch" || command === "agent") keepStateDirectory(place);
  switch (command) {
    case "launch":
      return (await import("./launch-on-github.ts")).launchOnGitHub(place, signal);
    case "agent":
      return (await import("./agent-on-github.ts")).agentOnGitHub(place, signal);
    case "cancel":
    case "status":
      return (await import("./runs-on-github.ts")).runsOnGitHub(place, command, signal);
  }
}
