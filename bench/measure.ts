/*
 * How everything here is measured. A figure is never a number alone: in each round the thing and its floor are measured one after
 * the other (the order changes from round to round), so that a busy machine slows both, and what counts is the median over the rounds.
 */

/** What a bar is about: the value itself, its ratio to the floor, or what it is beyond the floor. */
export type Judged = "value" | "ratio" | "difference";

export type Bar = {
  readonly measure: string;
  readonly unit: "ms" | "s" | "MB" | "MB/s" | "count" | "%";
  readonly of: Judged;
  readonly is: "at most" | "at least";
  readonly bar: number;
};

/** One line of the report. A row that could not be measured says why in `skipped`, and is not ok. */
export type Row = Bar & {
  readonly value: number | null;
  readonly floor: number | null;
  readonly ratio: number | null;
  readonly ok: boolean;
  readonly skipped?: string;
};

export type Round = { readonly value: number; readonly floor: number };

export type Contest = {
  readonly rounds: number;
  /** Rounds before the first that counts: they fill caches, for both. */
  readonly warmUp: number;
  readonly value: () => Promise<number>;
  readonly floor: () => Promise<number>;
};

/** Measures a thing and its floor in turns. */
export async function interleave({ rounds, warmUp, value, floor }: Contest): Promise<readonly Round[]> {
  const results: Round[] = [];
  for (let round = 0; round < warmUp + rounds; round += 1) {
    let result: Round;
    if (round % 2 === 0) {
      const first = await floor();
      result = { floor: first, value: await value() };
    } else {
      const first = await value();
      result = { value: first, floor: await floor() };
    }
    if (round >= warmUp) results.push(result);
  }
  return results;
}

/** The middle value; the mean of the two middle ones when there are two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error("a median of nothing");
  return (low + high) / 2;
}

/** The value that this share of all is at most (0.95: the 95th percentile). */
export function quantile(values: readonly number[], share: number): number {
  const found = values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1];
  if (found === undefined) throw new Error("a quantile of nothing");
  return found;
}

/** The medians as a row; ratio and difference are the medians of the rounds' own. */
export function toRow(bar: Bar, rounds: readonly Round[]): Row {
  const judged = {
    value: median(rounds.map((round) => round.value)),
    ratio: median(rounds.map((round) => round.value / round.floor)),
    difference: median(rounds.map((round) => round.value - round.floor)),
  };
  const floor = median(rounds.map((round) => round.floor));
  const ok = bar.is === "at most" ? judged[bar.of] <= bar.bar : judged[bar.of] >= bar.bar;
  return { ...bar, value: rounded(judged.value), floor: rounded(floor), ratio: rounded(judged.ratio), ok };
}

export function skippedRow(bar: Bar, reason: string): Row {
  return { ...bar, value: null, floor: null, ratio: null, ok: false, skipped: reason };
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
