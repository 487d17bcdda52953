import { agentTable } from "./agent-table.ts";
import { jobTable } from "./job-table.ts";
import { launchTable } from "./launch-table.ts";
import { type InputsOf, type Setting, type SettingTable, type SettingValues } from "./setting.ts";

export type LaunchSettings = SettingValues<typeof launchTable>;
export type SettingName = keyof LaunchSettings;

export type InputName = InputsOf<typeof launchTable> | InputsOf<typeof agentTable> | InputsOf<typeof jobTable>;

export type GivenSetting = {
  readonly name: SettingName;
  readonly setting: Setting;
  readonly value: string | true | readonly string[];
};

/** What was said of a launch, in the table's order; a switch that is off and a list of nothing say nothing. */
export function givenSettings(settings: LaunchSettings): readonly GivenSetting[] {
  return Object.entries<Setting>(launchTable).flatMap(([name, setting]) => {
    if (!isSettingName(name)) return [];
    const value = settings[name];
    const isNothing = value === undefined || value === false || (Array.isArray(value) && value.length === 0);
    return isNothing ? [] : [{ name, setting, value }];
  });
}

function isSettingName(name: string): name is SettingName {
  return name in launchTable;
}

/** A setting with an input, which is described. */
export type DescribedInput = Setting & { readonly input: string; readonly description: string };

const { command, ...job } = jobTable;
const tables: readonly SettingTable[] = [{ command }, launchTable, agentTable, job];

/** The action's inputs, as action.yml has them. */
export const actionInputs: readonly DescribedInput[] = tables
  .flatMap((table) => Object.values(table))
  .filter((setting): setting is DescribedInput => setting.input !== undefined && setting.description !== undefined);
