import type { Command } from "commander";
import type { Console } from "../terminal/console.ts";
import type {
  CancelFlags,
  QueueDeleteFlags,
  QueueFlags,
  QueueHistoryFlags,
  QueueListFlags,
  QueueShowFlags,
  QueueWriteFlags,
  RequeueFlags,
  WaitFlags,
} from "./flags.ts";
import { collect, storeOption, rawOption } from "./options.ts";
import { addStores } from "./store-program.ts";

/** What a command works with. */
export type CommandPlace = {
  readonly console: Console;
  /** What a command does, and then takes the exit code that it gives; words after `--` are refused before. */
  readonly running: <Args extends readonly unknown[]>(
    work: (...args: Args) => Promise<number>,
  ) => (...args: Args) => Promise<void>;
};

const runsArgument = ["<run...>", "ids, starts of ids, or the name of a group"] as const;

/** The commands for queues and for the runs in them. */
export function addQueues(program: Command, place: CommandPlace): void {
  addQueuedRuns(program, place);
  const queue = program.command("queue").summary("queues: create, show, pause and change them");
  addDefinitions(queue, place);
  addQueueStates(queue, place);
  addStores(program, place);
}

function addQueuedRuns(program: Command, { console, running }: CommandPlace): void {
  const add = (name: string, summary: string): Command => program.command(name).summary(summary);
  const common = (command: Command): Command => command.addOption(storeOption()).option("--json", "as JSON");
  common(
    add("wait", "follow runs of a queue to their ends")
      .argument(...runsArgument)
      .addOption(rawOption()),
  ).action(
    running(async (names: readonly string[], flags: WaitFlags) =>
      (await import("../commands/wait.ts")).waitCommand(names, flags, console),
    ),
  );
  common(
    add("cancel", "cancel runs of a queue, waiting or running")
      .argument(...runsArgument)
      .option("--group", "and all others that were enqueued together with them"),
  ).action(
    running(async (names: readonly string[], flags: CancelFlags) =>
      (await import("../commands/change-runs.ts")).cancelCommand(names, flags, console),
    ),
  );
  common(
    add("requeue", "let ended runs of a queue wait again")
      .argument(...runsArgument)
      .option("--force", "also one that can't be read, wherever it is, as it is"),
  ).action(
    running(async (names: readonly string[], flags: RequeueFlags) =>
      (await import("../commands/change-runs.ts")).requeueCommand(names, flags, console),
    ),
  );
  common(
    add("prioritize", "give waiting runs another priority")
      .argument("<priority>", "critical, high, medium or low")
      .argument(...runsArgument),
  ).action(
    running(async (priority: string, names: readonly string[], flags: RequeueFlags) =>
      (await import("../commands/change-runs.ts")).prioritizeCommand({ priority, names }, flags, console),
    ),
  );
}

function addDefinitions(queue: Command, { console, running }: CommandPlace): void {
  for (const [verb, summary] of [
    ["create", "write a queue's definition"],
    ["set", "change a queue's definition"],
  ] as const) {
    queue
      .command(verb)
      .summary(summary)
      .argument("<name>", "a-z, 0-9 and -")
      .option("-c, --config <definition>", "the definition: a file, or JSON or YAML in one argument")
      .option("-r, --resource <name>", "where its runs execute")
      .option("-R, --resource-args <args>", "the resource's arguments: a file, or JSON or YAML in one argument")
      .option("--set <path=value>", "one value: limits.running=4 (repeatable)", collect)
      .option("--unset <path>", "take one value away (repeatable)", collect)
      .addOption(storeOption())
      .option("--json", "as JSON")
      .action(
        running(async (name: string, flags: QueueWriteFlags) =>
          (await import("../commands/define-queue.ts")).writeQueueCommand({ verb, name }, flags, console),
        ),
      );
  }
  queue
    .command("delete")
    .summary("delete a queue's definition")
    .argument("<name>", "the queue")
    .option("--force", "although runs wait in it: nobody takes them then")
    .addOption(storeOption())
    .option("--json", "as JSON")
    .action(
      running(async (name: string, flags: QueueDeleteFlags) =>
        (await import("../commands/define-queue.ts")).deleteQueueCommand(name, flags, console),
      ),
    );
}

function addQueueStates(queue: Command, { console, running }: CommandPlace): void {
  queue
    .command("list")
    .summary("all queues, with what waits and runs in them")
    .option("--watch", "show them again whenever they change")
    .addOption(storeOption())
    .option("--json", "as JSON, one queue a line")
    .action(
      running(async (flags: QueueListFlags) =>
        (await import("../commands/list-queues.ts")).listQueuesCommand(flags, console),
      ),
    );
  queue
    .command("show")
    .summary("what waits in a queue, for what, and for how long")
    .argument("[name]", "the queue", "default")
    .option("-l, --limit <number>", "at most so many waiting runs", "20")
    .option("--watch", "show it again whenever it changes")
    .addOption(storeOption())
    .option("--json", "as JSON")
    .action(
      running(async (name: string, flags: QueueShowFlags) =>
        (await import("../commands/show-queue.ts")).showQueueCommand(name, flags, console),
      ),
    );
  queue
    .command("history")
    .summary("a queue's ended runs, newest first")
    .argument("[name]", "the queue", "default")
    .option("-l, --limit <number>", "at most so many", "20")
    .addOption(storeOption())
    .option("--json", "as JSON, one run a line")
    .action(
      running(async (name: string, flags: QueueHistoryFlags) =>
        (await import("../commands/list-queues.ts")).queueHistoryCommand(name, flags, console),
      ),
    );
  for (const [verb, summary] of [
    ["pause", "let agents take no more runs from a queue"],
    ["resume", "let agents take runs from it again"],
  ] as const) {
    queue
      .command(verb)
      .summary(summary)
      .argument("<name>", "the queue")
      .addOption(storeOption())
      .action(
        running(async (name: string, flags: QueueFlags) =>
          (await import("../commands/define-queue.ts")).pauseQueueCommand(
            { name, paused: verb === "pause" },
            flags,
            console,
          ),
        ),
      );
  }
}
