import { type Command, Option } from "commander";
import { launchTable } from "../../submit/settings/launch-table.ts";
import type { Setting, SettingTable } from "../../submit/settings/setting.ts";

/** For an option that may be given several times. */
export const collect = (value: string, previous: readonly string[] | undefined): readonly string[] => [
  ...(previous ?? []),
  value,
];

/** The flags of a table's settings; a command gets their values under the settings' names. */
export function settingOptions(command: Command, table: SettingTable): void {
  for (const [name, setting] of Object.entries(table)) {
    if (setting.flag !== undefined) command.addOption(optionOf(name, setting, setting.flag));
  }
}

/** The flags that change a spec: those of `validate` and `doctor`. */
export function specOptions(command: Command): void {
  const isOfAll = ([, { runOnly }]: [string, Setting]): boolean => runOnly !== true;
  settingOptions(command, Object.fromEntries(Object.entries<Setting>(launchTable).filter(isOfAll)));
}

/** How a command that follows runs shows what is done. */
export function logOptions(command: Command): void {
  command.option("--json", "events as JSON, one a line").option("--verbose", "more of what is done");
  command.addOption(rawOption());
}

/** For a terminal; what is no terminal gets all of it anyway. */
export function rawOption(): Option {
  return new Option("--raw", "on a terminal, the run's output with its control sequences");
}

/** Where runs and queues are kept. */
export function storeOption(): Option {
  const { flag, help, variable } = launchTable.store;
  return new Option(flag, help).env(variable);
}

function optionOf(name: string, { kind, help = "", group, variable, default: value }: Setting, flag: string): Option {
  const option = new Option(flag, help);
  option.attributeName = () => name;
  if (group !== undefined) option.helpGroup(group);
  if (variable !== undefined) option.env(variable);
  if (value !== undefined) option.default(value);
  if (["lines", "words", "names", "pairs", "secrets"].includes(kind)) option.argParser(collect);
  return option;
}
