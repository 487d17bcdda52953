import { formatCommandLine } from "../core/command-line.ts";
import { commitToCheckOut } from "../submit/reproduce.ts";
import type { RunRecord } from "../run/record.ts";
import { againCommands } from "../reporting/again.ts";
import type { ActionInputs } from "./inputs.ts";

/** A spec in a workflow that is longer than this is not repeated in a command: the record has it. */
const maxInlineSpec = 2_000;

/** The commands that run it again at a desk, from a clone: the commit, then the inputs as flags. Secrets appear by name. */
export function againOnGitHub(
  record: RunRecord,
  inputs: ActionInputs,
  specFile: string | undefined,
): readonly string[] {
  const { source } = record;
  if (specFile === undefined && inputs.spec !== undefined && inputs.spec.length > maxInlineSpec) return [];
  return againCommands({
    runId: record.run_id,
    commit: commitToCheckOut(source),
    patched: source?.patch !== undefined,
    launch: formatCommandLine(["launch", ...argvOf(inputs, specFile)]),
  });
}

function argvOf(
  { settings, spec, resourceArgs, launchConfig }: ActionInputs,
  specFile: string | undefined,
): readonly string[] {
  const flag = (name: string, value: string | undefined): readonly string[] =>
    value === undefined ? [] : [name, value];
  const each = (name: string, values: readonly string[] | undefined): readonly string[] =>
    (values ?? []).flatMap((value) => [name, value]);
  const { entryPoint } = settings;
  return [
    "run",
    ...(specFile !== undefined ? [specFile] : flag("-c", spec?.trim())),
    ...flag("-u", settings.uri),
    ...flag("-g", settings.gitVersion),
    ...flag("-d", settings.dockerImage),
    ...flag("-E", typeof entryPoint === "string" ? entryPoint : undefined),
    ...each("-a", settings.args),
    ...each("--set", settings.set),
    ...each("--env", settings.env),
    ...each("--secret", settings.secretVariables),
    ...flag("-D", settings.dockerfile),
    ...flag("-r", settings.resource),
    ...flag("-R", resourceArgs?.trim()),
    ...each("-A", settings.dockerArgs),
    ...flag("--timeout", settings.timeout),
    ...flag("--launch-config", launchConfig),
    ...flag("-n", settings.name),
    ...flag("-p", settings.project),
    ...flag("-e", settings.entity),
  ];
}
