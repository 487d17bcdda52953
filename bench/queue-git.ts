import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { git } from "../src/clients/git/git.ts";
import type { QueueEntry, QueueStore } from "../src/stores/queue-store.ts";
import { queuedDocument } from "../test/support/stores/run-document.ts";
import { type Bar, interleave, type Row, toRow } from "./measure.ts";
import { type GitPlace, inGitPlace, queue, timed, waitingIn } from "./queue-place.ts";

export const claimBars: readonly [Bar] = [
  {
    measure: "claim over HTTP, over one raw `git push --atomic` of the same refs",
    unit: "ms",
    of: "ratio",
    is: "at most",
    bar: 1.3,
  },
];

export const fullQueueBars: readonly [Bar] = [
  {
    measure: "git store with 1,000 waiting (packed): look and claim, over the same with 10 waiting",
    unit: "ms",
    of: "ratio",
    is: "at most",
    bar: 3,
  },
];

const rounds = { rounds: 15, warmUp: 3 };
const refsOf = `refs/launch/v1/q/${queue}`;
const since = "2026-11-23T10:01:00.000Z";

async function claim(store: QueueStore, entry: QueueEntry | undefined, signal: AbortSignal): Promise<void> {
  if (entry === undefined) throw new Error("nothing waits");
  const lease = { agent: "bench", incarnation: "1", attempt: 1, since };
  const { kind } = await store.claim({ entry, lease }, signal);
  if (kind !== "won") throw new Error(`the claim was ${kind}`);
}

async function fill(store: QueueStore, count: number, signal: AbortSignal): Promise<void> {
  const documents = Array.from({ length: count }, (_, index) => queuedDocument(`bench-${index}`));
  await store.enqueue(documents, signal);
}

/** The agent knows the queue from its last poll; what is left is the move itself. Both take runs of one queue in turns. */
export function claimOverPush(): Promise<readonly Row[]> {
  return inGitPlace(async (place) => {
    const signal = AbortSignal.timeout(300_000);
    const each = rounds.rounds + rounds.warmUp;
    await fill(await place.open("submitter"), 2 * each, signal);
    const agent = await place.open("agent");
    const entries = await waitingIn(agent, signal);
    const raw = rawPusher(place, entries.slice(each));
    let next = 0;
    const value = (): Promise<number> => timed(() => claim(agent, entries[next++], signal));
    return [toRow(claimBars[0], await interleave({ ...rounds, value, floor: () => raw(signal) }))];
  });
}

/** What anybody would do by hand: the commits are there already, and one push moves a run from p/ to l/. */
function rawPusher(place: GitPlace, entries: readonly QueueEntry[]): (signal: AbortSignal) => Promise<number> {
  const copy = join(place.folder, "raw.git");
  const inCopy = (...args: readonly string[]): string =>
    execFileSync("git", ["--git-dir", copy, "-c", "user.name=bench", "-c", "user.email=bench@example.org", ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  execFileSync("git", ["init", "--quiet", "--bare", copy]);
  inCopy("fetch", "--quiet", place.url, `+${refsOf}/*:${refsOf}/*`);
  const commits = entries.map(({ version }) =>
    inCopy("commit-tree", `${version}^{tree}`, "-p", version, "-m", `leased ${version}`),
  );
  let next = 0;
  return async (signal) => {
    const [entry, commit] = [entries[next], commits[next]];
    next += 1;
    if (entry === undefined || commit === undefined) throw new Error("nothing waits");
    const [from, to] = [`${refsOf}/p/${entry.key}`, `${refsOf}/l/${entry.key}`];
    const leases = [`--force-with-lease=${from}:${entry.version}`, `--force-with-lease=${to}:`];
    const args = [
      "--git-dir",
      copy,
      "push",
      "--quiet",
      "--atomic",
      ...leases,
      place.url,
      `:${from}`,
      `${commit}:${to}`,
    ];
    return timed(async () => {
      const { exitCode, stderr } = await git({ args, doing: "pushing", cwd: copy, signal });
      if (exitCode !== 0) throw new Error(stderr);
    });
  };
}

/** The number that waits stays the same; the refs are packed, as a host that collects garbage keeps them. */
export function claimInFullQueue(): Promise<readonly Row[]> {
  return inGitPlace((full) =>
    inGitPlace(async (small) => {
      const signal = AbortSignal.timeout(300_000);
      const [value, floor] = [await claimer(full, 1_000, signal), await claimer(small, 10, signal)];
      return [toRow(fullQueueBars[0], await interleave({ ...rounds, value, floor }))];
    }),
  );
}

async function claimer(place: GitPlace, waiting: number, signal: AbortSignal): Promise<() => Promise<number>> {
  const submitter = await place.open("submitter");
  const agent = await place.open("agent");
  const spare = rounds.rounds + rounds.warmUp;
  await fill(submitter, Math.min(waiting, 1_000), signal);
  execFileSync("git", ["--git-dir", place.directory, "pack-refs", "--all"]);
  await agent.snapshot([queue], signal);
  let added = 0;
  return async () => {
    const ms = await timed(async () => {
      const [first] = await waitingIn(agent, signal);
      await claim(agent, first, signal);
    });
    if (added++ < spare) await submitter.enqueue([queuedDocument(`bench-more-${added}`)], signal);
    return ms;
  };
}
