import { messageOf } from "../core/errors.ts";
import { say } from "../core/output/said.ts";
import type { Resource, ResourceContext, ResourcePlugin, SharedContext, SharedLife } from "./resource.ts";

/** A plug-in in one process: it makes resources for runs, and holds what they share. */
export type OpenedPlugin<Args> = {
  readonly create: (args: Args, context: ResourceContext) => Resource;
  /** Ends what they share, also what is still beginning. Never throws: nobody waits for it any more. */
  readonly close: () => Promise<void>;
};

export function openPlugin<Args, Shared extends SharedLife>(
  plugin: ResourcePlugin<Args, Shared>,
  context: SharedContext,
): OpenedPlugin<Args> {
  const shared = sharedLife((signal) => plugin.share(context, signal));
  return {
    create: (args, own) => plugin.create(args, own, shared.lend),
    close: () =>
      shared.close().catch((error: unknown) => {
        context.log.warning(say`what runs have shared could not be ended whole: ${messageOf(error)}`);
      }),
  };
}

type Lender<Shared> = { readonly lend: () => Promise<Shared>; readonly close: () => Promise<void> };

/** Begins at the first need, once for all who need it; when that fails, all of them hear of it, and the next need begins it again. */
function sharedLife<Shared extends SharedLife>(begin: (signal: AbortSignal) => Promise<Shared>): Lender<Shared> {
  const over = new AbortController();
  let life: Promise<Shared> | undefined;
  let closing: Promise<void> | undefined;
  const forgetFailed = (begun: Promise<Shared>): Promise<Shared> => {
    begun.catch(() => (life = undefined));
    return begun;
  };
  return {
    lend: async () => {
      if (over.signal.aborted) throw new Error("what runs share at their resource has ended");
      return (life ??= forgetFailed(begin(over.signal)));
    },
    close: () =>
      (closing ??= (async () => {
        over.abort();
        const begun = await life?.catch(() => undefined);
        await begun?.close();
      })()),
  };
}
