/*
 * A setting is what can be said outside of the spec: by a flag of the command line and, meaning the same, by an input of the action. The
 * tables of settings are data alone, since the command line reads them at each start; flags, inputs, action.yml, the docs' tables and
 * the types of all these are made from them. The order in a table is the order in the help and in action.yml.
 */

/**
 * How an input's text is read, and a flag's words. `text` is one value; `command` one too, for which a list of words may stand. `lines`
 * are values, one a line; `words` are split at spaces with quotes as a shell has them; `names` at spaces and commas; `pairs` are
 * `NAME=value` lines, and `secrets` such whose values are masked, while the flag only names them: a flag of these may be given several
 * times. A `switch` is on or off.
 */
export type SettingKind = "text" | "command" | "lines" | "words" | "names" | "pairs" | "secrets" | "switch";

export type Setting = {
  readonly kind: SettingKind;
  /** Where its value, or what it is a map of, stands in the spec. */
  readonly path?: readonly string[];
  /** As commander takes it: `-u, --uri <uri>`; `[name]` for a value that may be left out. */
  readonly flag?: string;
  /** What the help says of the flag, and under which heading. */
  readonly help?: string;
  readonly group?: string;
  /** An environment variable that stands for the flag. */
  readonly variable?: string;
  /** The flag is one of `launch run` alone; those of `validate` and `doctor` are the others. */
  readonly runOnly?: true;
  readonly input?: string;
  /** What action.yml and the docs say of the input. An input that two settings share is described by the first. */
  readonly description?: string;
  /** For both doors; an input that is a switch is `false` without saying so. */
  readonly default?: string;
  /** One of those that the README shows. */
  readonly common?: true;
  /** Means nothing for a run that waits in no queue, and is refused there. */
  readonly queueOnly?: true;
};

export type SettingTable = Readonly<Record<string, Setting>>;

type Value<S extends Setting> = S["kind"] extends "switch"
  ? boolean
  : S["kind"] extends "text"
    ? string
    : S["kind"] extends "command"
      ? string | readonly string[]
      : readonly string[];

/** What is said by the settings of a table, whichever door it came through. */
export type SettingValues<T extends SettingTable> = { readonly [N in keyof T]?: Value<T[N]> | undefined };

/** What commander makes of a flag: true for a switch, and for a value that was left out. */
type FlagValue<S extends Setting> = S["kind"] extends "switch"
  ? true
  : S["kind"] extends "text" | "command"
    ? S["flag"] extends `${string} [${string}`
      ? string | true
      : string
    : readonly string[];

/** What commander hands over for the flags of a table, under the names of the settings. */
export type FlagValues<T extends SettingTable> = { readonly [N in keyof T]?: FlagValue<T[N]> };

type NamesOf<T extends SettingTable, K extends SettingKind> = {
  [N in keyof T]: T[N]["kind"] extends K ? N : never;
}[keyof T];

type Some<N extends PropertyKey, V> = Readonly<Partial<Record<N, V | undefined>>>;

/** The values of a table by what they are, for who reads all that are alike at once. */
export type Texts<T extends SettingTable> = Some<NamesOf<T, "text" | "command">, string>;
export type Lists<T extends SettingTable> = Some<NamesOf<T, "lines" | "words" | "names" | "pairs">, readonly string[]>;
export type Switches<T extends SettingTable> = Some<NamesOf<T, "switch">, boolean>;

/** The inputs that the settings of a table have. */
export type InputsOf<T extends SettingTable> = {
  [N in keyof T]: T[N] extends { readonly input: infer I extends string } ? I : never;
}[keyof T];

/** What a flag is called in a message: its long form. */
export function flagName({ flag = "" }: Setting): string {
  return /--[a-z-]+/.exec(flag)?.[0] ?? "";
}

/** What a flag is called in a command, where short is better. */
export function shortFlagName({ flag = "" }: Setting): string {
  return /^--?[A-Za-z-]+/.exec(flag)?.[0] ?? "";
}

/** What an input is called in a message. */
export function inputName({ input = "" }: Setting): string {
  return `input ${input}`;
}
