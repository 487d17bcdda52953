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
import { collect, storeOption } from "./options.ts";
import { addStores } from "./store-program.ts";

/** What a command works with. */
export type CommandPlace = {
  readonly console: Console;
  /** Refuses words after `--`. */
  readonly noWords: () => void;
  /** Takes the exit code. */
  readonly done: (exitCode: number) => void;
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

function addQueuedRuns(program: Command, { console, noWords, done }: CommandPlace): void {
  const add = (name: string, summary: string): Command => program.command(name).summary(summary);
  const common = (command: Command): Command => command.addOption(storeOption()).option("--json", "as JSON");
  common(add("wait", "follow runs of a queue to their ends").argument(...runsArgument)).action(
    async (names: readonly string[], flags: WaitFlags) => {
      noWords();
      const { waitCommand } = await import("../commands/wait.ts");
      done(await waitCommand(names, flags, console));
    },
  );
  common(
    add("cancel", "cancel runs of a queue, waiting or running")
      .argument(...runsArgument)
      .option("--group", "and all others that were enqueued together with them"),
  ).action(async (names: readonly string[], flags: CancelFlags) => {
    noWords();
    const { cancelCommand } = await import("../commands/change-runs.ts");
    done(await cancelCommand(names, flags, console));
  });
  common(add("requeue", "let ended runs of a queue wait again").argument(...runsArgument)).action(
    async (names: readonly string[], flags: RequeueFlags) => {
      noWords();
      const { requeueCommand } = await import("../commands/change-runs.ts");
      done(await requeueCommand(names, flags, console));
    },
  );
  common(
    add("prioritize", "give waiting runs another priority")
      .argument("<priority>", "critical, high, medium or low")
      .argument(...runsArgument),
  ).action(async (priority: string, names: readonly string[], flags: RequeueFlags) => {
    noWords();
    const { prioritizeCommand } = await import("../commands/change-runs.ts");
    done(await prioritizeCommand({ priority, names }, flags, console));
  });
}

function addDefinitions(queue: Command, { console, noWords, done }: CommandPlace): void {
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
      .action(async (name: string, flags: QueueWriteFlags) => {
        noWords();
        const { writeQueueCommand } = await import("../commands/define-queue.ts");
        done(await writeQueueCommand({ verb, name }, flags, console));
      });
  }
  queue
    .command("delete")
    .summary("delete a queue's definition")
    .argument("<name>", "the queue")
    .option("--force", "although runs wait in it: nobody takes them then")
    .addOption(storeOption())
    .option("--json", "as JSON")
    .action(async (name: string, flags: QueueDeleteFlags) => {
      noWords();
      const { deleteQueueCommand } = await import("../commands/define-queue.ts");
      done(await deleteQueueCommand(name, flags, console));
    });
}

function addQueueStates(queue: Command, { console, noWords, done }: CommandPlace): void {
  queue
    .command("list")
    .summary("all queues, with what waits and runs in them")
    .option("--watch", "show them again whenever they change")
    .addOption(storeOption())
    .option("--json", "as JSON, one queue a line")
    .action(async (flags: QueueListFlags) => {
      noWords();
      const { listQueuesCommand } = await import("../commands/list-queues.ts");
      done(await listQueuesCommand(flags, console));
    });
  queue
    .command("show")
    .summary("what waits in a queue, for what, and for how long")
    .argument("[name]", "the queue", "default")
    .option("-l, --limit <number>", "at most so many waiting runs", "20")
    .option("--watch", "show it again whenever it changes")
    .addOption(storeOption())
    .option("--json", "as JSON")
    .action(async (name: string, flags: QueueShowFlags) => {
      noWords();
      const { showQueueCommand } = await import("../commands/show-queue.ts");
      done(await showQueueCommand(name, flags, console));
    });
  queue
    .command("history")
    .summary("a queue's ended runs, newest first")
    .argument("[name]", "the queue", "default")
    .option("-l, --limit <number>", "at most so many", "20")
    .addOption(storeOption())
    .option("--json", "as JSON, one run a line")
    .action(async (name: string, flags: QueueHistoryFlags) => {
      noWords();
      const { queueHistoryCommand } = await import("../commands/list-queues.ts");
      done(await queueHistoryCommand(name, flags, console));
    });
  for (const [verb, summary] of [
    ["pause", "let agents take no more runs from a queue"],
    ["resume", "let agents take runs from it again"],
  ] as const) {
    queue
      .command(verb)
      .summary(summary)
      .argument("<name>", "the queue")
      .addOption(storeOption())
      .action(async (name: string, flags: QueueFlags) => {
        noWords();
        const { pauseQueueCommand } = await import("../commands/define-queue.ts");
        done(await pauseQueueCommand({ name, paused: verb === "pause" }, flags, console));
      });
  }
}
