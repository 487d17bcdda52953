import { hostname } from "node:os";
import { version } from "../core/version.ts";
import type { RunRecord } from "../run/record.ts";

/** The launcher, as records name it. */
export function thisLauncher(): RunRecord["launcher"] {
  return { version, host: hostname(), platform: `${process.platform}/${process.arch}`, node: process.versions.node };
}
