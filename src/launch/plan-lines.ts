import { formatDuration } from "../core/duration.ts";
import { phaseLine } from "../reporting/phase-line.ts";
import { describeSource } from "../run/source-words.ts";
import type { LaunchPlan } from "./plan-launch.ts";

/** A plan as a log shows it: the phases that would pass, then the Dockerfile and the variables. */
export function planLines(name: string, plan: LaunchPlan): readonly string[] {
  const { image } = plan;
  const lines = [phaseLine("source", `${name} @ ${describeSource(plan.source)}`, undefined)];
  if (image.kind === "build") {
    lines.push(
      phaseLine("image", `would build ${image.name}`, undefined),
      phaseLine("", `Dockerfile: ${image.dockerfile.origin}; platform ${image.platform}`, undefined),
      ...image.bases.map(({ reference, digest }) =>
        phaseLine("", `base ${reference}${digest === undefined ? "" : `@${digest}`}`, undefined),
      ),
    );
  } else {
    lines.push(phaseLine("image", image.reference ?? `none (${image.why})`, undefined));
  }
  lines.push(phaseLine("start", `would run  ${plan.resource}  ${plan.run}`, undefined));
  if (plan.timeout_ms !== undefined)
    lines.push(phaseLine("", `for at most ${formatDuration(plan.timeout_ms)}`, undefined));
  if (plan.secrets.length > 0) lines.push(phaseLine("", `with the secrets ${plan.secrets.join(", ")}`, undefined));
  if (image.kind === "build") {
    lines.push(
      "",
      "Dockerfile",
      ...image.dockerfile.text
        .replace(/\n$/, "")
        .split("\n")
        .map((line) => `  ${line}`),
    );
  }
  lines.push("", "Variables", ...Object.entries(plan.env).map(([key, value]) => `  ${key}=${value}`));
  lines.push("", "Nothing was built or started.");
  return lines;
}
