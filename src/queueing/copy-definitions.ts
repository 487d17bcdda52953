import type { StoredDefinition, WithDefinitions } from "../stores/definition-store.ts";
import { readStored } from "./queue-definitions.ts";

export type CopiedDefinitions = {
  /** Queues whose definitions were copied. */
  readonly queues: readonly string[];
  /** Queues that have another definition in the other store: that one counts there. */
  readonly different: readonly string[];
  /** Queues whose definitions a person has to bring: the other store's branch is protected, or it has no definitions. */
  readonly uncopied: readonly string[];
};

export type DefinitionStores = { readonly from: WithDefinitions; readonly to: WithDefinitions };

/** Copies all definitions that the other store has none for. */
export async function copyDefinitions(
  { from, to }: DefinitionStores,
  by: string,
  signal: AbortSignal,
): Promise<CopiedDefinitions> {
  const copied: string[] = [];
  const different: string[] = [];
  const uncopied: string[] = [];
  for (const stored of (await from.definitions?.list(signal)) ?? []) {
    const { name, text } = stored;
    if (stored.unreadable !== undefined) {
      uncopied.push(name);
      continue;
    }
    const there = await to.definitions?.read(name, signal);
    if (there !== undefined) {
      if (there.text.trim() !== text.trim()) different.push(name);
      continue;
    }
    const result = await to.definitions?.write(
      { name, text, expected: undefined, by, maxWaiting: maxWaitingOf(stored) },
      signal,
    );
    (result?.kind === "written" ? copied : uncopied).push(name);
  }
  return { queues: copied, different, uncopied };
}

function maxWaitingOf(stored: StoredDefinition): number | undefined {
  const read = readStored(stored);
  return read.kind === "definition" ? read.definition.limits.waiting : undefined;
}
