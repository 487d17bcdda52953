import { formatCommandLine } from "../core/command-line.ts";
import { commitToCheckOut } from "../submit/reproduce.ts";
import type { RunRecord } from "../run/record.ts";
import { againCommands } from "../reporting/again.ts";
import { shortFlagName } from "../submit/settings/setting.ts";
import { givenSettings } from "../submit/settings/tables.ts";
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
  const { spec = "" } = inputs.settings;
  if (specFile === undefined && spec.length > maxInlineSpec) return [];
  return againCommands({
    runId: record.run_id,
    commit: commitToCheckOut(source),
    patched: source?.patch !== undefined,
    launch: formatCommandLine(["launch", ...argvOf(inputs, specFile)]),
  });
}

/** The spec's settings and the launch config, by their flags. */
function argvOf({ settings }: ActionInputs, specFile: string | undefined): readonly string[] {
  const said = givenSettings({ ...settings, spec: specFile === undefined ? settings.spec : undefined });
  const flags = said.flatMap(({ name, setting, value }) => {
    const isSaid = setting.path !== undefined || name === "spec" || name === "launchConfig";
    const values = typeof value === "string" ? [value] : value === true ? [] : value;
    return isSaid ? values.flatMap((text) => [shortFlagName(setting), text]) : [];
  });
  return ["run", ...(specFile === undefined ? [] : [specFile]), ...flags];
}
