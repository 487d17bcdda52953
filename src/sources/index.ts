import type { ExamineRequest, Finding } from "../core/finding.ts";
import type { ResolvedSource, SourceContext, SourceRequest } from "./source.ts";

/** The sources by kind. */
export const sources = {
  git: { load: () => import("./git/index.ts") },
  image: { load: () => import("./image/index.ts") },
} as const;
export type SourceName = keyof typeof sources;

/** Which source a spec is of: an image, or code. */
export function sourceNameOf({ isImage }: { readonly isImage: boolean }): SourceName {
  return isImage ? "image" : "git";
}

/** Resolves a source by its plug-in. */
export async function openSource(request: SourceRequest, context: SourceContext): Promise<ResolvedSource> {
  const { plugin } = await sources[sourceNameOf({ isImage: request.kind === "image" })].load();
  return plugin.resolve(request, context);
}

/** What the sources find of the tools that they need. */
export async function examineSources(place: ExamineRequest<never>, signal: AbortSignal): Promise<readonly Finding[]> {
  const { plugin } = await sources.git.load();
  return (await plugin.examine?.(place, signal)) ?? [];
}
