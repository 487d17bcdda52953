import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/*
 * What jobs themselves say of when they ran: each appends to its run's file as it starts and ends (one write each, O_APPEND), and holds
 * the file's lock meanwhile. The kernel frees a lock when its process is gone, however it went.
 */

/** The job, as a shell script: `$1` is how many seconds it takes. The folder of the ledger is in LEDGER. */
export const jobScript = `#!/bin/sh
file="$LEDGER/$LAUNCH_RUN_ID"
exec 9>>"$file.lock"
flock -n 9 || echo "$LAUNCH_ATTEMPT overlap" >>"$file"
echo "$LAUNCH_ATTEMPT start" >>"$file"
[ "$1" = 0 ] || sleep "$1" 9>&-
echo "$LAUNCH_ATTEMPT end" >>"$file"
`;

export type LedgerLine = { readonly attempt: number; readonly event: "start" | "end" | "overlap" };

export type Ledger = {
  readonly folder: string;
  /** What each run's processes have written, in the order in which they did. */
  read(): Promise<ReadonlyMap<string, readonly LedgerLine[]>>;
};

export async function makeLedger(folder: string): Promise<Ledger> {
  await mkdir(folder, { recursive: true });
  return {
    folder,
    read: async () => {
      const names = (await readdir(folder)).filter((name) => !name.endsWith(".lock"));
      const texts = await Promise.all(
        names.map(async (name) => [name, linesOf(await readFile(join(folder, name), "utf8"))] as const),
      );
      return new Map(texts);
    },
  };
}

function linesOf(text: string): readonly LedgerLine[] {
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [, attempt, event] = /^(\d+) (start|end|overlap)$/.exec(line) ?? [];
      if (event !== "start" && event !== "end" && event !== "overlap") throw new Error(`in the ledger: "${line}"`);
      return { attempt: Number(attempt), event };
    });
}
