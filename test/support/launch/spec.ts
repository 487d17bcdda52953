import { type Fault, formatOrigin } from "../../../src/spec/reading/fault.ts";
import type { Overlay, Resolution, Resolved } from "../../../src/spec/resolve/resolution.ts";
import { resolveSpec } from "../../../src/spec/resolve/resolve.ts";

export type Written = {
  readonly spec?: string;
  readonly config?: string;
  readonly overlays?: readonly Overlay[];
};

/** Resolves what was written, in a repository of octocat named digits. */
export function resolveWritten({ spec, config, overlays = [] }: Written): Promise<Resolution> {
  return resolveSpec({
    ...(spec === undefined ? {} : { spec: { name: "launch.yaml", text: spec } }),
    ...(config === undefined ? {} : { config: { name: "launch-config.yaml", text: config } }),
    overlays,
    context: { entity: "octocat", project: "digits" },
  });
}

export async function resolvedOf(written: Written): Promise<Resolved> {
  const resolution = await resolveWritten(written);
  if (resolution.kind === "resolved") return resolution;
  throw new Error(linesOf(resolution.faults).join("\n"));
}

/** The faults as `place message`. */
export async function faultsOf(written: Written): Promise<readonly string[]> {
  const resolution = await resolveWritten(written);
  return resolution.kind === "faults" ? linesOf(resolution.faults) : [];
}

function linesOf(faults: readonly Fault[]): readonly string[] {
  return faults.map((fault) => {
    const origin = fault.line === 0 ? fault.file : formatOrigin({ kind: "place", ...fault });
    return `${origin} ${fault.message}`;
  });
}

export function flag(origin: string, path: string, value: Overlay["value"], more: Partial<Overlay> = {}): Overlay {
  return { origin, path: path.split("."), value, ...more };
}
