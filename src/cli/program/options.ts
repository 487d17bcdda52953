import { type Command, Option } from "commander";

/** For an option that may be given several times. */
export const collect = (value: string, previous: readonly string[] | undefined): readonly string[] => [
  ...(previous ?? []),
  value,
];

/** The flags that change a spec; W&B's short names where W&B has one. */
export function launchOptions(command: Command): void {
  command
    .optionsGroup("What to run:")
    .option("-c, --config <spec>", "the spec: a file, or JSON or YAML in one argument")
    .option("-u, --uri <uri>", "folder or git URL of the code")
    .option("-g, --git-version <ref>", "branch, tag or commit of it")
    .option("-d, --docker-image <image>", "an image that is run as it is")
    .option("-E, --entry-point [command]", "the command, as one string (no shell), or as the words after --")
    .option("-a, --arg <value>", "one more argument for it (repeatable)", collect)
    .option("--set <name=value>", "a value of run_config, a.b=1 for nested ones (repeatable)", collect)
    .option("--env <name[=value]>", "a variable; without a value, this environment's (repeatable)", collect)
    .option("--secret <variable[=name]>", "a variable filled from a secret of the launch config (repeatable)", collect)
    .option("-D, --dockerfile <path>", "the Dockerfile, as a path in the source")
    .optionsGroup("Where:")
    .option("-r, --resource <name>", "local-process or local-container")
    .option("-R, --resource-args <args>", "its arguments: a file, or JSON or YAML in one argument")
    .option("-A, --docker-arg <name[=value]>", "one argument of local-container, as gpus=all (repeatable)", collect)
    .option("--timeout <duration>", "end it after this long: 90s, 15min, 2h")
    .option("--launch-config <file>", "how this place runs things (default: launch-config.yaml)")
    .optionsGroup("In a queue:")
    .option("-q, --queue [name]", "wait in this queue for an agent; without a name, in `default`")
    .option("-P, --priority <level>", "critical, high, medium or low")
    .option("-v, --set-var <name=value>", "a template variable of the queue (repeatable)", collect)
    .optionsGroup("Named:")
    .option("-n, --name <name>", "name of the run")
    .option("-p, --project <name>", "project")
    .option("-e, --entity <name>", "entity: a user or a team");
}

/** Where runs and queues are kept. */
export function storeOption(): Option {
  return new Option(
    "--store <url>",
    "where runs are kept: git+https://…, git+ssh://…, git+file:///…, postgres://…",
  ).env("LAUNCH_STORE");
}
