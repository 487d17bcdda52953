import { CommanderError } from "commander";
import { exitCodes } from "../core/errors.ts";
import { type Console, processConsole } from "./terminal/console.ts";
import { buildProgram } from "./program/program.ts";

/**
 * The command line. Commander is all that is loaded for `--help`: each command's own code comes by `import()` when it is run.
 * `argv` is what follows the program's name.
 */
export async function runCli(argv: readonly string[]): Promise<void> {
  const console = processConsole();
  process.exitCode = await exitCodeFor(argv, console);
  await Promise.all([console.out.flush(), console.err.flush()]);
}

async function exitCodeFor(argv: readonly string[], console: Console): Promise<number> {
  const dashes = argv.indexOf("--");
  const own = dashes === -1 ? argv : argv.slice(0, dashes);
  const command = dashes === -1 ? undefined : argv.slice(dashes + 1);
  let exitCode: number = exitCodes.succeeded;
  try {
    const program = buildProgram(console, command, (code) => {
      exitCode = code;
    });
    await program.parseAsync(own, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.succeeded : exitCodes.usage;
    const { reportFailure, writeFailureEvent } = await import("./terminal/failure.ts");
    if (own.includes("--json")) await writeFailureEvent(error, console);
    return reportFailure(error, console);
  }
}
