import type { Command } from "commander";
import type { GrantsFlags, InitStoreFlags, MigrateFlags, ShowStoreFlags } from "./flags.ts";
import { collect } from "./options.ts";
import type { CommandPlace } from "./queue-program.ts";

/** `launch store`: what concerns a store as a whole. */
export function addStores(program: Command, { console, running }: CommandPlace): void {
  const store = program.command("store").summary("a store as a whole: migrate its runs; tables and roles of Postgres");
  store
    .command("migrate")
    .summary("move the waiting runs of a store to another")
    .argument("<from>", "a store's URL")
    .argument("<to>", "another's")
    .option("--json", "as JSON")
    .action(
      running(async (from: string, to: string, flags: MigrateFlags) =>
        (await import("../commands/migrate.ts")).migrateCommand({ from, to }, flags, console),
      ),
    );
  store
    .command("init")
    .summary("make the tables of a Postgres store, or bring them up to this version")
    .argument("<store>", "its URL, as the owner of the tables")
    .option("--dry-run", "print the SQL; change nothing")
    .option("--json", "as JSON")
    .action(
      running(async (url: string, flags: InitStoreFlags) =>
        (await import("../commands/store.ts")).initStoreCommand(url, flags, console),
      ),
    );
  store
    .command("grants")
    .summary("give roles of a Postgres store the rights of a submitter, an agent or an admin")
    .argument("<store>", "its URL, as the owner of the tables")
    .option("--role <kind>", "submitter, agent or admin (default: all three)")
    .option("--name <role>", "the role's name in the database (default: launch_submitter, launch_agent, launch_admin)")
    .option("--to <login>", "make a login a member of it (repeatable)", collect)
    .option("--dry-run", "print the SQL; change nothing")
    .option("--json", "as JSON")
    .action(
      running(async (url: string, flags: GrantsFlags) =>
        (await import("../commands/store.ts")).grantsCommand(url, flags, console),
      ),
    );
  store
    .command("show")
    .summary("the version of a Postgres store's tables, who may what, and what you may")
    .argument("<store>", "its URL")
    .option("--json", "as JSON")
    .action(
      running(async (url: string, flags: ShowStoreFlags) =>
        (await import("../commands/store.ts")).showStoreCommand(url, flags, console),
      ),
    );
}
