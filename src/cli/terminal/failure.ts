import { plainText } from "../../core/output/terminal-text.ts";
import { exitCodeOf, LaunchError, messageOf } from "../../core/errors.ts";
import { version } from "../../core/version.ts";
import type { Console } from "./console.ts";
import { eventWriter } from "./json-log.ts";

/** The last event of a command that failed, for `--json`. */
export async function writeFailureEvent(error: unknown, { out }: Pick<Console, "out">): Promise<void> {
  const [code, detail] = error instanceof LaunchError ? [error.code, error.detail] : ["bug", []];
  await eventWriter(out)("error", { code, message: messageOf(error), detail });
}

/** Says what went wrong and returns the exit code: a user's mistake in words, a bug with its stack and what to do about it. */
export function reportFailure(error: unknown, { err, errorStyle }: Pick<Console, "err" | "errorStyle">): number {
  if (error instanceof LaunchError) {
    void err.write(`${errorStyle.red("error")}  ${plainText(error.message)}\n`);
    for (const line of error.detail) void err.write(`  ${plainText(line)}\n`);
  } else {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    void err.write(`${errorStyle.red("error")}  ${stack}\n`);
    void err.write(
      `This is a bug of launch ${version} (Node ${process.versions.node}, ${process.platform}). Please report it with these lines: see CONTRIBUTING.md, "Reporting a bug".\n`,
    );
  }
  return exitCodeOf(error);
}
