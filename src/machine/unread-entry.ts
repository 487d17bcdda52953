import { z } from "zod";
import { named, ours, type Said, say, textOf } from "../core/output/said.ts";
import { oneLine } from "../core/output/terminal-text.ts";
import { isRunning } from "../core/process-identity.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import { parseJson } from "../core/json.ts";
import { localHandle } from "../run/handle.ts";
import type { Store } from "../stores/store.ts";
import { readNote } from "./attempts-here.ts";
import { isElsewhere } from "./elsewhere.ts";
import { type LiveEntry, liveNames, type LiveRun, lookUpLive, restoreLive, type UnreadLive } from "./live-entry.ts";

/*
 * An entry that can't be read: a disk was full, the machine went down, or somebody was there. It begins with its launcher,
 * so that a part of it may still say that one is gone. What can't be told is said, and left.
 */

/** For people: what it is, and what to do. */
export function sayUnread({ name, path, why, isNewer }: UnreadLive): Said {
  const what = isNewer
    ? say`use that one for it`
    : say`\`launch prune\` ends and removes what it can tell to be a killed launcher's; else end what is named ${ours(name)} and remove the file`;
  return say`${named(oneLine(path))} ${oneLine(why)}; what it is of may still run: ${what}`;
}

/** The same as a text. */
export function unreadWords(unread: UnreadLive): string {
  return textOf(sayUnread(unread));
}

/** All of this machine that can't be read. */
export async function unreadLive(state: StateDirectory): Promise<readonly UnreadLive[]> {
  const read = await Promise.all((await liveNames(state)).map((name) => lookUpLive(state, name)));
  return read.filter((each) => each.kind === "unreadable");
}

const launcherField = z.object({ pid: z.int(), started: z.string() });

/** Whether its launcher is known to be no more: it says which process of this machine that was. */
async function isKnownGone({ text }: UnreadLive, { host }: StateDirectory): Promise<boolean> {
  const launcher = fieldIn(text, "launcher", launcherField);
  return launcher !== undefined && fieldIn(text, "host", z.string()) === host && !(await isRunning(launcher));
}

type Place = { readonly state: StateDirectory; readonly openStore: (location: string) => Promise<Store> };

/**
 * Writes the entry anew as far as it is known, of a launcher that is no more: by the note in the attempt's folder and what its store has of
 * the run. Undefined where one of them doesn't tell.
 */
export async function restoreUnread(
  unread: UnreadLive,
  { state, openStore }: Place,
  signal: AbortSignal,
): Promise<LiveEntry | undefined> {
  if (!(await isKnownGone(unread, state))) return undefined;
  const note = await readNote(state, unread.name);
  if (note === undefined) return undefined;
  for (const location of note.stores) {
    const store = await openStore(location);
    try {
      const run = (await store.read(note.runId, signal))?.run;
      if (run?.attempt !== note.attempt || run.nonce !== note.nonce) continue;
      if (isElsewhere(run.resource)) return undefined;
      return await restoreAs(unread, { key: note, head: run, store: location }, state);
    } finally {
      await store.close();
    }
  }
  return undefined;
}

/** Writes it anew of what is known of the run, by which its launcher is known to be gone, too. */
export function restoreAs(unread: UnreadLive, run: LiveRun, state: StateDirectory): Promise<LiveEntry> {
  const { key, head } = run;
  const slots = fieldIn(unread.text, "slots", z.record(z.string(), z.array(z.string())));
  const queue = head.queued?.queue;
  return restoreLive(
    state,
    { ...run, ...(slots === undefined ? {} : { slots }), ...(queue === undefined ? {} : { queue }) },
    localHandle(head.resource, key),
  );
}

/** A field as it is written at the top, where it is whole. */
function fieldIn<Value>(text: string, name: string, schema: z.ZodType<Value>): Value | undefined {
  const lead = `\n  ${JSON.stringify(name)}: `;
  const at = text.indexOf(lead);
  if (at < 0) return undefined;
  const rest = text.slice(at + lead.length);
  // Its end is where the next field begins: with two spaces, and what is in it has more.
  const [written = ""] = /^[^]*?(?=,\n {2}"|\n\})/.exec(rest) ?? [];
  return schema.safeParse(parseJson(written)).data;
}
