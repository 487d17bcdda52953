import * as core from "@actions/core";
import { LaunchError } from "../core/errors.ts";
import { splitWords } from "../spec/reading/words.ts";
import { agentTable } from "../submit/settings/agent-table.ts";
import { jobTable } from "../submit/settings/job-table.ts";
import { launchTable } from "../submit/settings/launch-table.ts";
import type { Lists, SettingKind, SettingTable, SettingValues, Switches, Texts } from "../submit/settings/setting.ts";
import { actionInputs, type LaunchSettings } from "../submit/settings/tables.ts";
import { parsePairs } from "./pairs.ts";

export type AgentInputs = SettingValues<typeof agentTable>;

export type ActionInputs = {
  readonly command: string;
  readonly settings: LaunchSettings;
  readonly agent: AgentInputs;
  /** Ids of runs or names of groups. */
  readonly runs: readonly string[];
  readonly secrets: Readonly<Record<string, string>>;
  readonly token: string;
  readonly workingDirectory: string;
  /** What tells a job of a matrix from its siblings. */
  readonly leg: string;
};

const secretsInput = launchTable.secretVariables.input;

/** Reads all inputs and masks the secret ones, which comes first: no later fault may show them. */
export function loadInputs(): ActionInputs {
  const token = core.getInput(jobTable.token.input);
  mask(token);
  const secrets = Object.fromEntries(parsePairs(secretsInput, core.getInput(secretsInput)));
  Object.values(secrets).forEach(mask);
  return {
    command: core.getInput(jobTable.command.input) || jobTable.command.default,
    settings: { ...launchSettings(), secretVariables: Object.keys(secrets) },
    agent: agentSettings(),
    runs: names(jobTable.runs.input),
    secrets,
    token,
    workingDirectory: core.getInput(jobTable.workingDirectory.input) || jobTable.workingDirectory.default,
    leg: core.getInput(jobTable.leg.input),
  };
}

function launchSettings(): LaunchSettings {
  const texts: Texts<typeof launchTable> = read(launchTable, ["text", "command"], text);
  const lists: Lists<typeof launchTable> = read(launchTable, listKinds, list);
  const switches: Switches<typeof launchTable> = read(launchTable, ["switch"], flag);
  return { ...texts, ...lists, ...switches };
}

function agentSettings(): AgentInputs {
  const texts: Texts<typeof agentTable> = read(agentTable, ["text", "command"], text);
  const lists: Lists<typeof agentTable> = read(agentTable, listKinds, list);
  const switches: Switches<typeof agentTable> = read(agentTable, ["switch"], flag);
  return { ...texts, ...lists, ...switches };
}

const listKinds: readonly SettingKind[] = ["lines", "words", "names", "pairs"];

/** The settings of a table that are of these kinds, each by its input. */
function read<V>(
  table: SettingTable,
  kinds: readonly SettingKind[],
  valueOf: (input: string, kind: SettingKind) => V,
): Readonly<Record<string, V>> {
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, { kind, input }]) =>
      input !== undefined && kinds.includes(kind) ? [[name, valueOf(input, kind)] as const] : [],
    ),
  );
}

function list(input: string, kind: SettingKind): readonly string[] {
  if (kind === "pairs") return parsePairs(input, core.getInput(input)).map(([name, value]) => `${name}=${value}`);
  if (kind === "words") return words(input);
  return kind === "names" ? names(input) : lines(input);
}

/** An input that this version doesn't have is a misspelt one: GitHub only warns of it, in a place that nobody reads. */
export function unknownInputs(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const known = actionInputs.map(({ input }) => input);
  return Object.keys(environment)
    .filter((name) => name.startsWith("INPUT_"))
    .map((name) => name.slice("INPUT_".length).toLowerCase())
    .filter((name) => name !== "" && !known.includes(name));
}

/** Takes the secret inputs out of the environment that child processes inherit. */
export function takeSecretInputs(environment: Record<string, string | undefined>): void {
  for (const name of [jobTable.token.input, launchTable.secretVariables.input]) {
    Reflect.deleteProperty(environment, `INPUT_${name.toUpperCase()}`);
  }
}

/** The runner masks what it is told as a whole; a value of several lines appears in a log line by line. */
function mask(value: string): void {
  for (const part of new Set([value, ...value.split(/\r?\n/)])) if (part.trim() !== "") core.setSecret(part);
}

function text(name: string): string | undefined {
  const value = core.getInput(name);
  return value === "" ? undefined : value;
}

function lines(name: string): readonly string[] {
  return core.getMultilineInput(name).filter((line) => line !== "");
}

/** Names, separated by spaces, commas or lines. */
function names(name: string): readonly string[] {
  return core
    .getInput(name)
    .split(/[\s,]+/)
    .filter((word) => word !== "");
}

function words(name: string): readonly string[] {
  const split = splitWords(core.getInput(name));
  if (split === undefined) throw new LaunchError("bad-usage", `input ${name}: a quote in it is not closed`);
  return split;
}

function flag(name: string): boolean {
  const value = core.getInput(name);
  if (value === "" || /^false$/i.test(value)) return false;
  if (/^true$/i.test(value)) return true;
  throw new LaunchError("bad-usage", `input ${name} is "${value}"; give true or false`);
}
