import type { Json } from "../core/json.ts";
import { otherResourceNames, resources } from "../resources/index.ts";
import { environmentOverlays } from "../spec/config/environment.ts";
import type { Fault } from "../spec/reading/fault.ts";
import { toJson } from "../spec/reading/located.ts";
import { parse } from "../spec/reading/parse.ts";
import { readConfig, readSpec } from "../spec/reading/read.ts";
import type { RenderRequest } from "../spec/reading/render-faults.ts";
import type { Document, LeftOut, Overlay, QueueResolution, Resolved } from "../spec/resolve/resolution.ts";
import { resolveSpec } from "../spec/resolve/resolve.ts";
import { isText, takeIn } from "./intake.ts";
import type { Owner } from "./owner.ts";
import { overlaysOf } from "./settings/overlays.ts";
import type { LaunchSettings, SettingName } from "./settings/tables.ts";

export type DraftRequest = {
  /** SPEC, URI or DIRECTORY. */
  readonly what: string | undefined;
  readonly called: string;
  readonly settings: LaunchSettings;
  /** What a setting is called where it was given. */
  readonly nameOf: (setting: SettingName) => string;
  /** More values, over the settings: one of those that `each` varies. */
  readonly overlays?: readonly Overlay[];
};

export type DraftServices = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Owner and name of the repository that the spec's folder belongs to. */
  readonly ownerOf: (directory: string, signal: AbortSignal) => Promise<Owner>;
  /** Absent: a queue that the spec names is not looked at. */
  readonly queue?: QueueResolution;
};

type SpecLocation = { readonly specFile: string | undefined; readonly baseDirectory: string };

/** All that is wrong, with what is needed to show it in its place. */
export type FaultyDraft = SpecLocation &
  RenderRequest & { readonly kind: "faults"; readonly config: Document | undefined };

export type ResolvedDraft = SpecLocation &
  Resolved & {
    readonly documents: readonly Document[];
    /** Where the code comes from was given by whoever submits, not by a spec's file. */
    readonly sourceNamed: boolean;
  };

/** From what a user gave to a spec and a config that are valid together, or to all that is wrong with them. */
export async function draftLaunch(
  request: DraftRequest,
  services: DraftServices,
  signal: AbortSignal,
): Promise<FaultyDraft | ResolvedDraft> {
  const { settings, nameOf } = request;
  const { environment, home, queue } = services;
  const sourceGiven = settings.uri !== undefined || settings.dockerImage !== undefined;
  const intake = await takeIn({ what: request.what, called: request.called, sourceGiven });
  const { spec, specFile, baseDirectory } = intake;
  // git answers while the config is read.
  const asked = services.ownerOf(baseDirectory, signal);
  asked.catch(() => undefined);
  const config = await readConfig({ given: settings.launchConfig, environment, cwd: process.cwd(), home });
  const faulty = (faults: readonly Fault[], more: readonly Document[], leftOut?: LeftOut): FaultyDraft => ({
    kind: "faults",
    specFile,
    baseDirectory,
    config,
    faults,
    leftOut,
    documents: [...documents, ...more],
    schemas: {
      ...(spec === undefined ? {} : { [spec.name]: "schema/launch.schema.json" }),
      ...(config === undefined ? {} : { [config.name]: "schema/launch-config.schema.json" }),
    },
  });
  const documents = [spec, config].filter((document) => document !== undefined);

  const args = await readResourceArgs(request);
  if (args.faults.length > 0) return faulty(args.faults, args.documents);
  const overlays: readonly Overlay[] = [
    ...environmentOverlays(environment),
    ...intake.overlays,
    ...overlaysOf({
      settings: { ...settings, resourceArgs: args.value },
      nameOf,
      environment,
      resourceNames: [...Object.keys(resources), ...otherResourceNames.keys()],
    }),
    ...(request.overlays ?? []),
  ];
  const owner = await asked;
  const resolution = await resolveSpec({
    ...(spec === undefined ? {} : { spec }),
    ...(config === undefined ? {} : { config }),
    overlays,
    context: { ...owner, ...(intake.name === undefined ? {} : { name: intake.name }) },
    ...(queue === undefined ? {} : { queue }),
  });
  if (resolution.kind === "faults") return faulty(resolution.faults, [], resolution.leftOut);
  const named = new Set(overlays.map(({ path }) => path.join(".")));
  const sourceNamed =
    specFile === undefined ||
    (named.has("uri") && (resolution.spec.git.repo === undefined || named.has("git.repo") || named.has("git")));
  return { ...resolution, specFile, baseDirectory, documents, sourceNamed };
}

type ReadArgs = {
  readonly documents: readonly Document[];
  readonly faults: readonly Fault[];
  readonly value: Json | undefined;
};

/** A file, or YAML or JSON. */
async function readResourceArgs({ settings: { resourceArgs }, nameOf }: DraftRequest): Promise<ReadArgs> {
  if (resourceArgs === undefined) return { documents: [], faults: [], value: undefined };
  const document = isText(resourceArgs)
    ? { name: nameOf("resourceArgs"), text: resourceArgs }
    : await readSpec(resourceArgs);
  const { tree, faults } = parse(document);
  return { documents: [document], faults, value: toJson(tree) };
}
