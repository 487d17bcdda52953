import type { WithDefinitions } from "../stores/definition-store.ts";

export type CopiedDefinitions = {
  /** Queues whose definitions were copied. */
  readonly queues: readonly string[];
  /** Queues that have another definition in the other store: that one counts there. */
  readonly different: readonly string[];
  /** Queues whose definitions a person has to bring: the other store's branch is protected, or it has no definitions. */
  readonly uncopied: readonly string[];
};

/** Copies all definitions that the other store has none for. */
export async function copyDefinitions(
  { definitions: from }: WithDefinitions,
  { definitions: to }: WithDefinitions,
  by: string,
  signal: AbortSignal,
): Promise<CopiedDefinitions> {
  const copied: string[] = [];
  const different: string[] = [];
  const uncopied: string[] = [];
  for (const { name, text } of (await from?.list(signal)) ?? []) {
    const there = await to?.read(name, signal);
    if (there !== undefined) {
      if (there.text.trim() !== text.trim()) different.push(name);
      continue;
    }
    const result = await to?.write({ name, text, expected: undefined, by }, signal);
    (result?.kind === "written" ? copied : uncopied).push(name);
  }
  return { queues: copied, different, uncopied };
}
