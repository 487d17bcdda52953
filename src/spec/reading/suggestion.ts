/**
 * The candidate that was probably meant by a misspelt word: the nearest by insertions, deletions, replacements and swaps
 * of neighbours (Damerau–Levenshtein, optimal string alignment), if it is near enough for the word's length.
 */
export function suggestionFor(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > 64) return undefined;
  const given = plain(word);
  let best: string | undefined;
  let least = Math.max(1, Math.floor(given.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(given.length - candidate.length) >= least) continue;
    const distance = distanceOf(given, plain(candidate));
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Case, dashes and underscores are not what makes a word another one. */
function plain(word: string): string {
  return word.toLowerCase().replaceAll("-", "_");
}

function distanceOf(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(cell(previous, j) + 1, cell(row, j - 1) + 1, cell(previous, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, cell(before, j - 2) + 1);
      row.push(least);
    }
    before = previous;
    previous = row;
  }
  return cell(previous, b.length);
}

function cell(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

/** `; did you mean "kubernetes"?`, or nothing. */
export function didYouMean(suggestion: string | undefined): string {
  return suggestion === undefined ? "" : `; did you mean "${suggestion}"?`;
}
