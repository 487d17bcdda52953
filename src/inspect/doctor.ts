import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { buildsImages, defaultBuilder, examineBuilders } from "../builders/index.ts";
import type { EnvironmentCatalog } from "../environments/index.ts";
import { type Finding, findingOf, lookTimeoutMs } from "../core/finding.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import { unreadLive, unreadWords } from "../machine/unread-entry.ts";
import { resolveSecrets } from "../launch/secrets.ts";
import { examineRegistries } from "../registries/index.ts";
import { examineResources, resourceTraits, type UsedResource } from "../resources/index.ts";
import { examineSources } from "../sources/index.ts";
import type { LaunchConfig } from "../spec/config/launch-config.ts";
import type { LeftOut } from "../spec/resolve/resolution.ts";
import type { LaunchSpec } from "../spec/launch-spec/launch-spec.ts";
import type { StoreChoice } from "../stores/choose-store.ts";

export type DoctorRequest = {
  /** The spec that should run here; undefined looks at the place alone. */
  readonly draft:
    { readonly spec: LaunchSpec; readonly config: LaunchConfig; readonly leftOut?: LeftOut | undefined } | undefined;
  readonly workingDirectory: string;
  readonly state: StateDirectory;
  readonly store: StoreChoice;
  readonly environments: EnvironmentCatalog;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

/** Looks at what a launch would use, all at once: each plug-in at its own. Changes nothing but the state folder, which it makes. */
export async function examine(request: DoctorRequest, signal: AbortSignal): Promise<readonly Finding[]> {
  const { draft, workingDirectory, environment } = request;
  const place = { workingDirectory, environment };
  const [sources, builders, resources, registries, cloud, state, store, secrets] = await Promise.all([
    examineSources({ ...place, use: undefined }, signal),
    examineBuilders({ ...place, use: builderOf(draft) }, signal),
    examineResources({ ...place, use: resourceOf(draft) }, signal),
    examineRegistries(),
    cloudFindings(request, signal),
    findingOf({ subject: "state folder", needed: "every run" }, () => writable(request.state)),
    findingOf({ subject: "store", needed: "every run" }, () => reachable(request.store, signal)),
    secretFindings(request),
  ]);
  return [
    { subject: "node", found: true, detail: process.versions.node, needed: undefined },
    ...eachOnce([...sources, ...builders, ...resources, ...registries]),
    ...cloud,
    state,
    store,
    ...secrets,
  ];
}

/** The builder that the draft would have build, if any would. */
function builderOf(draft: DoctorRequest["draft"]): LaunchConfig["builder"] {
  if (draft === undefined) return undefined;
  const { spec, config } = draft;
  const builder = config.builder ?? defaultBuilder;
  const builds = resourceTraits(spec.resource).needsImage && spec.docker.docker_image === undefined;
  return builds && buildsImages(builder) ? builder : undefined;
}

function resourceOf(draft: DoctorRequest["draft"]): UsedResource | undefined {
  if (draft === undefined) return undefined;
  const { resource: name, resource_args: args, overrides } = draft.spec;
  return { name, args, command: overrides.entry_point };
}

/** Whom a cloud takes us for, where the draft would have its credentials. */
async function cloudFindings({ draft, environments }: DoctorRequest, signal: AbortSignal): Promise<readonly Finding[]> {
  const config = draft?.config.environment;
  if (config === undefined || draft === undefined || !resourceTraits(draft.spec.resource).needsImage) return [];
  const finding = await findingOf(
    { subject: `environment ${config.type}`, needed: "the run and its image" },
    async () => {
      const environment = await environments.open(config);
      if (environment.cloud === undefined) return "of no cloud";
      const { account, principal } = await environment.identity(signal);
      const where = environment.region === undefined ? "" : `, ${environment.region}`;
      return `${environment.cloud}: ${principal} in ${account}${where}`;
    },
  );
  return [finding];
}

/** What two plug-ins need is shown once, with what the run itself needs it for before what its build does. */
function eachOnce(findings: readonly Finding[]): readonly Finding[] {
  const bySubject = new Map<string, Finding>();
  for (const finding of findings) {
    const { needed = bySubject.get(finding.subject)?.needed } = finding;
    bySubject.set(finding.subject, { ...finding, needed });
  }
  return [...bySubject.values()];
}

/** With what runs have left in it that nobody can read: no launch lacks it. */
async function writable(state: StateDirectory): Promise<string> {
  const { path } = state;
  await mkdir(path, { recursive: true });
  await access(path, constants.W_OK);
  const unread = await unreadLive(state);
  return [path, ...unread.map(unreadWords)].join("; ");
}

async function reachable(choice: StoreChoice, signal: AbortSignal): Promise<string> {
  const store = await choice.open();
  try {
    const runs = await store.list(1, AbortSignal.any([signal, AbortSignal.timeout(lookTimeoutMs)]));
    return `${store.location}${runs.length === 0 ? ", no runs yet" : ""}`;
  } finally {
    await store.close();
  }
}

/** Each secret that the spec asks for: whether this place has it. Values are never shown. */
async function secretFindings({ draft, environment }: DoctorRequest): Promise<readonly Finding[]> {
  const wanted = Object.entries(draft?.spec.secrets ?? {});
  return Promise.all(
    wanted.map(([variable, name]) => {
      const places = draft?.config.secrets ?? {};
      return findingOf({ subject: `secret ${name}`, needed: `the variable ${variable}` }, async () => {
        await resolveSecrets({ wanted: { [variable]: name }, given: {}, places, environment, leftOut: draft?.leftOut });
        return "has a value";
      });
    }),
  );
}
