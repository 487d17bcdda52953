import { uv } from "../../clients/uv/uv.ts";
import { type ExamineRequest, type Finding, findingOf, lookTimeoutMs } from "../../core/finding.ts";
import { execute } from "../../core/process.ts";
import type { ResourceUse } from "../resource.ts";
import { kind } from "./run-state.ts";
import type { LocalProcessArgs } from "./schema.ts";

type Request = ExamineRequest<ResourceUse<LocalProcessArgs>>;

/** Looks at uv, which makes environments, and at Python, which scripts run with. */
export function examineProcess(request: Request, signal: AbortSignal): Promise<readonly Finding[]> {
  const { use } = request;
  const program = use?.command?.[0];
  const isScript = use?.args.venv === false && program?.startsWith("python") === true;
  return Promise.all([
    findingOf({ subject: "uv", needed: use?.args.venv === true ? `resource_args.${kind}.venv` : undefined }, () =>
      uvVersion(request, signal),
    ),
    findingOf({ subject: "python", needed: isScript ? `the command ${program}` : undefined }, () =>
      pythonVersion(signal),
    ),
  ]);
}

async function uvVersion({ workingDirectory, environment }: Request, signal: AbortSignal): Promise<string> {
  const { stdout } = await uv({
    args: ["--version"],
    doing: "asking uv's version",
    cwd: workingDirectory,
    env: environment,
    signal,
    timeoutMs: lookTimeoutMs,
  });
  return stdout.toString().trim().replace(/^uv /, "");
}

async function pythonVersion(signal: AbortSignal): Promise<string> {
  const doing = "asking Python's version";
  const command = { command: "python3", args: ["--version"], doing, signal, timeoutMs: lookTimeoutMs };
  const { stdout } = await execute(command);
  return stdout
    .toString()
    .trim()
    .replace(/^Python /, "");
}
