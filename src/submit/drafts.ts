import { draftLaunch, type DraftServices, type FaultyDraft, type ResolvedDraft } from "./draft.ts";
import { variantsOf } from "./each.ts";
import type { Submission } from "./submission.ts";

/** A run of those that were asked for, and what tells it from the others. */
export type Drafted = { readonly draft: ResolvedDraft; readonly leg: string };

export type Drafts = FaultyDraft | { readonly kind: "drafted"; readonly drafts: readonly Drafted[] };

/** Each spec that was named, in each variant of `each`; or all that is wrong with the first that is faulty. */
export async function draftAll(submission: Submission, services: DraftServices, signal: AbortSignal): Promise<Drafts> {
  const { specs, settings, nameOf } = submission;
  const variants = variantsOf(settings.each ?? [], nameOf("each"));
  const drafts: Drafted[] = [];
  for (const what of specs) {
    for (const { overlays, words } of variants) {
      const draft = await draftLaunch({ ...submission, what, overlays }, services, signal);
      if (draft.kind === "faults") return draft;
      const leg = [...(specs.length > 1 ? [what ?? ""] : []), words].filter((part) => part !== "").join(" ");
      drafts.push({ draft, leg });
    }
  }
  return { kind: "drafted", drafts };
}
