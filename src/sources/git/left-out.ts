import { formatCommandLine } from "../../core/command-line.ts";
import { counted } from "../../core/counted.ts";
import { ours, say } from "../../core/output/said.ts";
import type { Provenance } from "../../run/provenance.ts";
import type { SourceContext, SourceRequest } from "../source.ts";
import { firstOf } from "./code-source.ts";
import type { Inspection } from "./work-tree/inspection.ts";
import { rawPath } from "./work-tree/status.ts";

/* What of a checkout a run doesn't get, in its record and in words. */

export type CheckoutRequest = Extract<SourceRequest, { readonly kind: "checkout" }>;

/** What was asked for, and what git says of the checkout that it is to come from. */
export type Checkout = { readonly request: CheckoutRequest; readonly inspection: Inspection };

type LeftOut = Pick<Provenance, "untracked_included" | "untracked_left_out" | "marked_left_out">;

export function leftOutOf({ request, inspection }: Checkout): LeftOut {
  return { ...untrackedOf(request, inspection.status.untracked.map(rawPath)), ...hiddenOf(inspection) };
}

/** Names that a record keeps; the warning has the count. */
const maxRecorded = 1_000;

function untrackedOf(
  request: CheckoutRequest,
  untracked: readonly string[],
): Pick<Provenance, "untracked_included" | "untracked_left_out"> {
  if (untracked.length === 0) return {};
  return request.includeUntracked
    ? { untracked_included: untracked }
    : { untracked_left_out: untracked.slice(0, maxRecorded) };
}

function hiddenOf({ hidden }: Inspection): Pick<Provenance, "marked_left_out"> {
  if (hidden.length === 0) return {};
  return { marked_left_out: hidden.slice(0, maxRecorded).map((change) => rawPath(change.rawPath)) };
}

function warnOfHidden({ hidden, toplevel }: Inspection, { log }: SourceContext): void {
  for (const mark of ["assume-unchanged", "skip-worktree"] as const) {
    const paths = hidden.filter((change) => change.mark === mark).map((change) => rawPath(change.rawPath));
    const [first] = paths;
    if (first === undefined) continue;
    log.warning(
      say`changes of ${ours(counted(paths.length, "file"))} left out, since git was told not to see them: ${firstOf(paths)}; ${inCheckout(toplevel, ["update-index", `--no-${mark}`], first)} has git see them again`,
    );
  }
}

/** A git command about a file, wherever in the checkout it is typed. A name that can't be typed is left to who types. */
function inCheckout(toplevel: string, words: readonly string[], path: string): string {
  const isTyped = ![toplevel, path].some((text) => /[\p{Cc}\ufffd]/u.test(text));
  const command = isTyped ? ["git", "-C", toplevel, ...words, "--", path] : ["git", ...words];
  return isTyped ? formatCommandLine(command) : `${formatCommandLine(command)} with its name`;
}

/** Says what of the folder doesn't go along. */
export function warnOfLeftOut(checkout: Checkout, context: SourceContext): void {
  warnOfHidden(checkout.inspection, context);
  const { request, inspection } = checkout;
  const { log } = context;
  const { untracked, embedded, moved } = inspection.status;
  if (untracked.length > 0 && !request.includeUntracked) {
    log.warning(
      say`${ours(counted(untracked.length, "untracked file"))} left out: ${firstOf(untracked.map(rawPath))}; add what the run needs with git add, or take all with --include-untracked`,
    );
  }
  if (request.includeUntracked && embedded.length > 0) {
    log.warning(
      say`left out, since git takes no files of another repository: ${firstOf(embedded.map(rawPath))}; add it as a submodule`,
    );
  }
  for (const path of moved) {
    log.warning(
      say`the submodule ${path} is at another commit than the one recorded here, which is taken; ${inCheckout(inspection.toplevel, ["add"], path)} records the new one`,
    );
  }
  const { filters } = inspection.standIn;
  if (filters.length > 0 && inspection.status.changed.length > 0) {
    log.warning(
      say`the repository's own configuration defines filters, which are not run: ${firstOf(filters)}; changed files are taken as they are. In your own configuration (git config --global) they count`,
    );
  }
}
