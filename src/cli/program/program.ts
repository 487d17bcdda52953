import { Command } from "commander";
import { LaunchError } from "../../core/errors.ts";
import { version } from "../../core/version.ts";
import { addAgents } from "./agent-program.ts";
import type { Console } from "../terminal/console.ts";
import type {
  DoctorFlags,
  InitFlags,
  ListFlags,
  LogsFlags,
  PruneFlags,
  RunFlags,
  ShowFlags,
  TrustFlags,
  ValidateFlags,
} from "./flags.ts";
import { launchTable } from "../../submit/settings/launch-table.ts";
import { collect, logOptions, rawOption, settingOptions, specOptions, storeOption } from "./options.ts";
import { addQueues, type CommandPlace } from "./queue-program.ts";

/** Flags that W&B Launch has and this version hasn't: refused with words, never ignored. */
const notYet: Readonly<Record<string, string>> = {
  "--async": "a run of a queue goes on by itself; give -q QUEUE",
  "--detach": "a run of a queue goes on by itself; give -q QUEUE",
  "-j": "W&B jobs are not in this version",
  "--job": "W&B jobs are not in this version",
};

/** The program and all its commands. `command` is what follows `--`, which only commands that launch take. */
export function buildProgram(
  console: Console,
  command: readonly string[] | undefined,
  done: (exitCode: number) => void,
): Command {
  const program = new Command("launch")
    .description("Launches training jobs from a commit: build, run, record.")
    .version(version, "-V, --version")
    // Or what follows `agent list` would be taken for options of `agent`.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void console.out.write(text),
      writeErr: (text) => void console.err.write(text),
      outputError: (text, write) => write(`${console.errorStyle.red("error")}  ${usageError(text)}`),
    })
    .showHelpAfterError("Usage: launch --help, or launch COMMAND --help");
  const running: CommandPlace["running"] =
    (work) =>
    async (...args) => {
      if (command !== undefined)
        throw new LaunchError("bad-usage", "words after -- are for `launch run`, `validate` and `doctor` only");
      done(await work(...args));
    };
  const place: LaunchingPlace = { console, running, done, command };
  addLaunching(program, place);
  addRuns(program, place);
  addQueues(program, place);
  addAgents(program, place);
  addPlace(program, place);
  return program;
}

/** What a command that launches takes besides. */
type LaunchingPlace = CommandPlace & {
  /** Takes the exit code. */
  readonly done: (exitCode: number) => void;
  readonly command: readonly string[] | undefined;
};

function addLaunching(program: Command, { console, command, done }: LaunchingPlace): void {
  const run = program
    .command("run")
    .summary("run a spec, a folder or a git URL, here and now or by a queue")
    .usage("[SPEC | URI | DIRECTORY]... [options] [-- COMMAND...]")
    .argument("[what...]", "spec files, git URLs or folders; by default launch.yaml here, else this folder")
    .action(async (whats: readonly string[], flags: RunFlags) => {
      const { runCommand } = await import("../commands/run.ts");
      done(await runCommand({ whats, command }, flags, console));
    });
  settingOptions(run, launchTable);
  logOptions(run.optionsGroup("How:"));
  const validate = program
    .command("validate")
    .summary("check a spec and its launch config")
    .usage("[SPEC | URI | DIRECTORY] [options] [-- COMMAND...]")
    .argument("[what]", "as for run")
    .action(async (what: string | undefined, flags: ValidateFlags) => {
      const { validateCommand } = await import("../commands/validate.ts");
      done(await validateCommand({ whats: whats(what), command }, flags, console));
    });
  specOptions(validate);
  validate
    .optionsGroup("How:")
    .option("--explain", "each value and where it came from")
    .addOption(storeOption())
    .option("--json", "the outcome as JSON");
}

function addRuns(program: Command, { console, running }: CommandPlace): void {
  program
    .command("list")
    .summary("the runs that the store keeps, newest first")
    .option("-l, --limit <number>", "at most so many", "20")
    .option("-s, --state <state>", "only those in this state, or several with commas (repeatable)", collect)
    .option("-q, --queue <name>", "only those of this queue")
    .option("--watch", "show them again whenever they change")
    .addOption(storeOption())
    .option("--json", "as JSON, one run a line")
    .action(running(async (flags: ListFlags) => (await import("../commands/list.ts")).listCommand(flags, console)));
  program
    .command("show")
    .summary("one run: what ran, from where, how it ended")
    .argument("<run>", "its id, or the start of one")
    .option("--patch", "its patch alone, for git apply")
    .option("--spec", "the spec to run it again with, from the root of a clone")
    .addOption(storeOption())
    .option("--json", "its record, as JSON")
    .action(
      running(async (run: string, flags: ShowFlags) =>
        (await import("../commands/show.ts")).showCommand(run, flags, console),
      ),
    );
  program
    .command("logs")
    .summary("a run's log")
    .argument("<run>", "its id, or the start of one")
    .option("-f, --follow", "go on until it has ended")
    .addOption(rawOption())
    .addOption(storeOption())
    .option("--json", "as JSON, one line of output a line")
    .action(
      running(async (run: string, flags: LogsFlags) =>
        (await import("../commands/logs.ts")).logsCommand(run, flags, console),
      ),
    );
  program
    .command("prune")
    .summary("remove old finished runs, and what killed launches left; or the runs that are named")
    .argument("[run...]", "runs to remove whatever is in them: ended ones, and those that can't be read")
    .option("--keep <number>", "keep the newest so many, however old", "20")
    .option("--older-than <duration>", "only those that ended so long ago: 30d, 12h", "30d")
    .option("--dry-run", "name them; remove nothing")
    .addOption(storeOption())
    .option("--json", "the outcome as JSON")
    .action(
      running(async (names: readonly string[], flags: PruneFlags) =>
        (await import("../commands/prune.ts")).pruneCommand(names, flags, console),
      ),
    );
}

function addPlace(program: Command, { console, running, done, command }: LaunchingPlace): void {
  program
    .command("init")
    .summary("write a launch.yaml for a folder")
    .argument("[directory]", "where", ".")
    .option("--force", "replace a launch.yaml that is there")
    .action(
      running(async (directory: string, flags: InitFlags) =>
        (await import("../commands/init.ts")).initCommand(directory, flags, console),
      ),
    );
  program
    .command("trust")
    .summary("have a folder's launch-config.yaml count as a whole where nobody names it")
    .argument("[directory]", "the folder that it is in, by default this one")
    .option("--list", "the configs that are trusted, and whether they still count")
    .option("--remove", "trust it no longer")
    .option("--json", "the outcome as JSON")
    .action(
      running(async (directory: string | undefined, flags: TrustFlags) =>
        (await import("../commands/trust.ts")).trustCommand(directory, flags, console),
      ),
    );
  const doctor = program
    .command("doctor")
    .summary("what is here (git, Docker, uv, credentials) and what a spec lacks")
    .usage("[SPEC | URI | DIRECTORY] [options]")
    .argument("[what]", "as for run")
    .action(async (what: string | undefined, flags: DoctorFlags) => {
      const { doctorCommand } = await import("../commands/doctor.ts");
      done(await doctorCommand({ whats: whats(what), command }, flags, console));
    });
  specOptions(doctor);
  doctor.optionsGroup("How:").addOption(storeOption()).option("--json", "the findings as JSON");
}

function whats(what: string | undefined): readonly string[] {
  return what === undefined ? [] : [what];
}

/** Commander's words, with those for a flag of W&B Launch that is not here yet. */
function usageError(text: string): string {
  const flag = /unknown option '([^'=]+)/.exec(text)?.[1];
  const missing = flag === undefined ? undefined : notYet[flag];
  if (missing !== undefined) return `${flag ?? ""}: ${missing}\n`;
  return text.replace(/^error: /, "");
}
