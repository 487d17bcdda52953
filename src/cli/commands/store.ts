import { homedir } from "node:os";
import { exitCodes, LaunchError } from "../../core/errors.ts";
import { interruption } from "../../core/interruption.ts";
import { toJson } from "../../core/json.ts";
import { silentLog } from "../../core/output/log.ts";
import { stateDirectoryOf } from "../../core/state-directory.ts";
import { phaseLine } from "../../reporting/phase-line.ts";
import { didYouMean, suggestionFor } from "../../spec/reading/suggestion.ts";
import {
  defaultRoles,
  type Grant,
  type RoleKind,
  roleKinds,
  type StoreAdministration,
  type StoreState,
} from "../../stores/administration.ts";
import { administerStore } from "../../stores/index.ts";
import { parseStoreUrl } from "../../stores/location.ts";
import type { Console } from "../terminal/console.ts";
import type { GrantsFlags, InitStoreFlags, ShowStoreFlags } from "../program/flags.ts";
import { eventWriter } from "../terminal/json-log.ts";

/** `launch store init`: makes the tables, or brings them up. */
export function initStoreCommand(url: string, flags: InitStoreFlags, console: Console): Promise<number> {
  return withAdministration(url, console, async (store, signal) => {
    if (flags.dryRun === true) return print(await store.initialisation(signal), console);
    const before = await store.initialise(signal);
    const { version } = await store.inspect(signal);
    if (flags.json === true) await eventWriter(console.out)("initialised", toJson({ before, version }));
    else await console.out.write(`${phaseLine("tables", versionWords(before, version ?? before), undefined)}\n`);
  });
}

function versionWords(before: number, version: number): string {
  if (before === version) return `at version ${version} already`;
  return before === 0 ? `made, version ${version}` : `brought from version ${before} to ${version}`;
}

/** `launch store grants`: gives roles their rights. */
export function grantsCommand(url: string, flags: GrantsFlags, console: Console): Promise<number> {
  const grants = grantsOf(flags);
  return withAdministration(url, console, async (store, signal) => {
    if (flags.dryRun === true) return print(store.grantsSql(grants), console);
    await store.grant(grants, signal);
    if (flags.json === true) return eventWriter(console.out)("granted", toJson({ grants }));
    const lines = grants.map(
      ({ kind, role, members }) =>
        `${role} may what ${article(kind)} may${members.length === 0 ? "" : `; ${members.join(", ")} ${members.length === 1 ? "is a member" : "are members"} of it`}`,
    );
    await console.out.write(`${lines.map((line) => phaseLine("granted", line, undefined)).join("\n")}\n`);
  });
}

function grantsOf({ role, name, to = [] }: GrantsFlags): readonly Grant[] {
  if (role === undefined) {
    if (name === undefined && to.length === 0) {
      return roleKinds.map((kind) => ({ kind, role: defaultRoles[kind], members: [] }));
    }
    throw new LaunchError("bad-usage", "--name and --to are for one role: say which with --role submitter|agent|admin");
  }
  const kind = roleKinds.find((each) => each === role);
  if (kind !== undefined) return [{ kind, role: name ?? defaultRoles[kind], members: to }];
  const hint = didYouMean(suggestionFor(role, roleKinds));
  throw new LaunchError("bad-usage", `--role "${role}" is none${hint}; give submitter, agent or admin`);
}

/** `launch store show`: what is there, and who may what. */
export function showStoreCommand(url: string, flags: ShowStoreFlags, console: Console): Promise<number> {
  return withAdministration(url, console, async (store, signal) => {
    const state = await store.inspect(signal);
    if (flags.json === true) await eventWriter(console.out)("store", toJson(state));
    else await console.out.write(`${stateLines(state).join("\n")}\n`);
  });
}

function stateLines({ version, needed, login, may, roles }: StoreState): readonly string[] {
  const rights = may.length === 0 ? "may nothing here" : `may what ${may.map(article).join(" and ")} may`;
  return [
    phaseLine("tables", tablesWords(version, needed), undefined),
    phaseLine("login", version === 0 ? login : `${login} ${rights}`, undefined),
    ...roles.map(({ kind, role, members }) =>
      phaseLine("role", `${role} (${kind}): ${members.length === 0 ? "no members" : members.join(", ")}`, undefined),
    ),
  ];
}

function tablesWords(version: number | undefined, needed: number): string {
  if (version === undefined) return "there, and not for this login to look at";
  if (version === 0) return "none yet; make them: launch store init";
  if (version < needed) return `version ${version}; this launch needs ${needed}: launch store init`;
  return version > needed
    ? `version ${version}, made by a newer launch; this one knows ${needed}`
    : `version ${version}`;
}

function article(kind: RoleKind): string {
  return kind === "submitter" ? "a submitter" : `an ${kind}`;
}

async function print(sql: string, { out }: Console): Promise<void> {
  await out.write(sql === "" ? "-- nothing is missing\n" : `${sql}\n`);
}

async function withAdministration(
  url: string,
  { environment }: Console,
  work: (store: StoreAdministration, signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const location = parseStoreUrl(url);
  const context = { log: silentLog, stateDirectory: stateDirectoryOf(environment, homedir()) };
  const store = await administerStore(location, context);
  if (store === undefined) {
    throw new LaunchError(
      "bad-usage",
      `store "${location.url}": a git store has no tables and no roles; who may push to its repository may use it`,
    );
  }
  const interrupted = interruption({ onFirst: () => undefined, onForce: () => process.exit(exitCodes.cancelled) });
  try {
    await work(store, interrupted.signal);
    return exitCodes.succeeded;
  } finally {
    interrupted.stop();
    await store.close();
  }
}
