import { LaunchError } from "../core/errors.ts";
import { runIdPattern } from "../run/run-id.ts";
import { didYouMean, suggestionFor } from "../spec/reading/suggestion.ts";
import { idOf, type Store } from "../stores/store.ts";
import type { StoredRun } from "../run/document.ts";

/** More ids than these in an error message help nobody. */
const shownMatches = 5;

/** The run of this id, or the only one whose id starts so. Throws `not-found`, or `bad-usage` when there are several. */
export async function findRun(wanted: string, store: Store, signal: AbortSignal): Promise<StoredRun> {
  const exact = runIdPattern.test(wanted) ? await store.read(wanted, signal) : undefined;
  if (exact !== undefined) return exact;
  const ids = (await store.list(Number.POSITIVE_INFINITY, signal)).map(idOf);
  const matches = wanted === "" ? [] : ids.filter((id) => id.startsWith(wanted));
  const [only] = matches;
  if (only === undefined) throw notFound(wanted, ids, store.location);
  if (matches.length > 1) {
    const shown = matches.slice(0, shownMatches).join(", ");
    const more = matches.length > shownMatches ? ` and ${matches.length - shownMatches} more` : "";
    throw new LaunchError(
      "bad-usage",
      `"${wanted}" is the start of ${matches.length} runs: ${shown}${more}; give more of it`,
    );
  }
  const run = await store.read(only, signal);
  if (run === undefined) throw notFound(wanted, ids, store.location);
  return run;
}

function notFound(wanted: string, ids: readonly string[], location: string): LaunchError {
  const suggestion = suggestionFor(wanted, ids) ?? nearestByName(wanted, ids);
  const hint = suggestion === undefined ? "; launch list shows the runs that there are" : didYouMean(suggestion);
  return new LaunchError("not-found", `no run "${wanted}" in ${location}${hint}`);
}

/** The newest run of a name like this one, for a name without its time, or with another. */
function nearestByName(wanted: string, ids: readonly string[]): string | undefined {
  const nameOf = (id: string): string => id.replace(/-[0-9a-z]{13}$/, "");
  const name = suggestionFor(nameOf(wanted), new Set(ids.map(nameOf)));
  return name === undefined ? undefined : ids.find((id) => nameOf(id) === name);
}
