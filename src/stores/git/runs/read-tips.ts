import { type Making, type ReadObject, readInParts } from "../../../clients/git/objects/read-objects.ts";
import type { WantedTip } from "../../../clients/git/remotes/remote-refs.ts";
import { LaunchError } from "../../../core/errors.ts";
import type { OpenedStore } from "../repository/repository.ts";

/** Of many tips a fetch refuses, some are damaged on the store's side: so many fetches are spent on finding the others. */
const maxFetches = 24;

export type TipsRequest = {
  readonly tips: readonly WantedTip[];
  /** Paths in each tip's tree ("" is the tip itself); a tip that lacks the first is obtained. */
  readonly paths: readonly [string, ...string[]];
  /** Of each path's file, or of any. */
  readonly maxBytes: number | readonly number[];
  /** They were never seen before: a few of them are obtained without asking git whether they are here. */
  readonly unseen?: boolean;
};

/** Files of tips, whose objects are obtained in one fetch where they are not here. What is missing or damaged is undefined. */
export function readTips(
  opened: OpenedStore,
  request: TipsRequest,
  signal: AbortSignal,
): Promise<readonly (readonly (ReadObject | undefined)[])[]> {
  return makeOfTips(opened, { ...request, make: (files) => files }, signal);
}

/** The same of as many tips as there are: what is made of each tip's files is kept, and not the files. */
export async function makeOfTips<T>(
  opened: OpenedStore,
  { tips, paths, maxBytes, unseen = false, make }: TipsRequest & Pick<Making<T>, "make">,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const revisions = tips.flatMap(({ id }) => paths.map((path) => (path === "" ? id : `${id}:${path}`)));
  const limits = typeof maxBytes === "number" ? maxBytes : tips.flatMap(() => maxBytes);
  const missing = new Set<WantedTip>();
  const read = (filesOnly: boolean): Promise<readonly T[]> =>
    readInParts(
      opened.local,
      {
        ...{ revisions, maxBytes: limits, filesOnly, each: paths.length },
        make: (files, index) => {
          const tip = tips[index];
          if (tip !== undefined && files[0] === undefined) missing.add(tip);
          return make(files, index);
        },
      },
      signal,
    );
  if (tips.length === 0) return [];
  const made = await read(unseen);
  if (missing.size === 0) return made;
  await obtain(opened, [...missing], signal);
  return read(false);
}

/** Fetches these tips, or as many as can be: one damaged object fails the fetch of all. */
async function obtain(
  opened: OpenedStore,
  tips: readonly WantedTip[],
  signal: AbortSignal,
): Promise<void> {
  const waiting = [tips];
  for (let fetches = 0; fetches < maxFetches; fetches++) {
    const part = waiting.shift();
    if (part === undefined) break;
    const answer = await opened.store.obtain(opened.local, part, signal);
    if (answer.kind === "done") continue;
    if (fetches === 0 && !(await isReachable(opened, part, signal))) {
      throw new LaunchError("store-failed", `the store could not be read: ${answer.said}`);
    }
    const middle = Math.ceil(part.length / 2);
    if (part.length > 1) waiting.push(part.slice(0, middle), part.slice(middle));
    // What is known to be before it may have been collected since.
    else if (part[0]?.before !== undefined) waiting.push([{ name: part[0].name, id: part[0].id }]);
  }
}

/** Whether the store answers at all; throws where trying again is of no use. */
async function isReachable(
  { store, local }: OpenedStore,
  tips: readonly WantedTip[],
  signal: AbortSignal,
): Promise<boolean> {
  await store.checkReadable(signal);
  const listed = await store.list(local, [tips[0]?.name ?? ""], signal);
  return listed.kind !== "unclear";
}
