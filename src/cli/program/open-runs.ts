import { homedir } from "node:os";
import { LaunchError } from "../../core/errors.ts";
import { silentLog } from "../../core/output/log.ts";
import { textOf } from "../../core/output/said.ts";
import { type StateDirectory, stateDirectoryOf } from "../../core/state-directory.ts";
import { readLaunchConfig } from "../../submit/config.ts";
import { openStoreAt } from "../../stores/choose-store.ts";
import type { WholeStore } from "../../stores/whole-store.ts";
import type { Console } from "../terminal/console.ts";
import { reportWarnings } from "../terminal/faults.ts";
import type { StoreFlags } from "./flags.ts";
import { storeTokens } from "./tokens.ts";

export type OpenRuns = { readonly store: WholeStore; readonly state: StateDirectory };

/** Opens the store that `launch run` would keep runs in here, works with it, and closes it. */
export async function withRuns<T>(
  flags: StoreFlags,
  console: Console,
  work: (runs: OpenRuns) => Promise<T>,
): Promise<T> {
  const { environment } = console;
  const state = stateDirectoryOf(environment, homedir());
  const url = flags.store ?? (await storeOfConfig(console));
  const store = await openStoreAt(url, {
    state,
    tokens: await storeTokens(url === undefined ? [] : [url], environment, silentLog),
    // What a store sets aside is told also by commands that only look.
    log: { ...silentLog, warning: (said) => void reportWarnings({ warnings: [textOf(said)] }, console) },
  });
  try {
    return await work({ store, state });
  } finally {
    await store.close();
  }
}

/** The launch config's store, so that runs are looked for where they were put. */
async function storeOfConfig(console: Console): Promise<string | undefined> {
  const { environment } = console;
  const { config, leftOut } = await readLaunchConfig({ environment, cwd: process.cwd(), home: homedir() });
  if (leftOut?.fields.some(({ path }) => path === "store") === true) {
    await reportWarnings({ warnings: [leftOut.words] }, console);
  }
  return config.store;
}

/** The flags that name the same store again, for a command that is told to the user. */
export function storeFlags({ store }: StoreFlags): readonly string[] {
  return store === undefined ? [] : ["--store", store];
}

/** A number that an option gives. */
export function wholeNumber(text: string, option: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new LaunchError("bad-usage", `${option} "${text}" is not a whole number`);
}
