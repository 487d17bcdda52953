import { ownSecretValues } from "../../core/output/own-secrets.ts";
import { redactionOf } from "../../core/output/redaction.ts";
import { plainText } from "../../core/output/terminal-text.ts";
import { cutOff, exitCodeOf, LaunchError, machineFault, messageOf } from "../../core/errors.ts";
import { version } from "../../core/version.ts";
import type { Console } from "./console.ts";
import { eventWriter } from "./json-log.ts";

/** The last event of a command that failed, for `--json`. */
export async function writeFailureEvent(
  thrown: unknown,
  { out, environment }: Pick<Console, "out" | "environment">,
): Promise<void> {
  const error = cutOff(thrown) ?? machineFault(thrown) ?? thrown;
  const redact = redactionOf(ownSecretValues(environment));
  const [code, detail] = error instanceof LaunchError ? [error.code, error.detail] : ["bug", []];
  await eventWriter(out)("error", {
    code,
    message: redact(messageOf(error)),
    detail: detail.map((line) => redact(line)),
  });
}

/** Says what went wrong and returns the exit code: a user's mistake in words, a bug with its stack and what to do about it. */
export function reportFailure(
  thrown: unknown,
  { err, errorStyle, environment }: Pick<Console, "err" | "errorStyle" | "environment">,
): number {
  const error = cutOff(thrown) ?? machineFault(thrown) ?? thrown;
  const redact = redactionOf(ownSecretValues(environment));
  if (error instanceof LaunchError) {
    void err.write(`${errorStyle.red("error")}  ${plainText(redact(error.message))}\n`);
    for (const line of error.detail) void err.write(`  ${plainText(redact(line))}\n`);
  } else {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    void err.write(`${errorStyle.red("error")}  ${redact(stack)}\n`);
    void err.write(
      `This is a bug of launch ${version} (Node ${process.versions.node}, ${process.platform}). Please report it with these lines: see CONTRIBUTING.md, "Reporting a bug".\n`,
    );
  }
  return exitCodeOf(error);
}
