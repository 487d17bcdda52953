import type { z } from "zod";
import { buildsImages, defaultBuilder } from "../../builders/index.ts";
import { defaultResource, resourceTraits } from "../../resources/index.ts";
import { sourceNameOf } from "../../sources/index.ts";
import { type Fault, faultAt, formatOrigin } from "../reading/fault.ts";
import type { LaunchConfig } from "../config/launch-config.ts";
import type { launchSpecSchema } from "./launch-spec.ts";
import { at, type Located } from "../reading/located.ts";
import type { QueueResolution } from "../resolve/resolution.ts";

/** What validation of single fields can't see: fields that don't go together, in the spec and between spec and config. */

export type Checked = {
  readonly spec: z.output<typeof launchSpecSchema>;
  readonly config: LaunchConfig;
  readonly tree: Located;
  readonly configTree: Located;
  readonly queue: QueueResolution | undefined;
};

type Rule = (checked: Checked) => readonly Fault[];

export function checkTogether(checked: Checked): readonly Fault[] {
  return rules.flatMap((rule) => rule(checked));
}

/** A fault at a field that was written; none when it was not. */
function faultOf(tree: Located, field: string, words: (path: string) => string): readonly Fault[] {
  const found = at(tree, field.split("."));
  return found === undefined ? [] : [faultAt({ origin: found.origin, path: found.path, message: words(found.path) })];
}

const oneSource: Rule = ({ spec, tree }) => {
  if (spec.docker.docker_image === undefined) return [];
  const image = at(tree, ["docker", "docker_image"]);
  const where = image === undefined ? "docker.docker_image" : `${image.path} (${formatOrigin(image.origin)})`;
  return [
    ...faultOf(tree, "uri", () => `two sources: uri here, and ${where}; keep one`),
    ...faultOf(tree, "git.repo", (path) => `two sources: ${path} here, and ${where}; keep one`),
    ...faultOf(
      tree,
      "git.version",
      (path) => `${path} is of code from git, and the source is an image: ${where}; keep one`,
    ),
    ...faultOf(
      tree,
      "overrides.dockerfile",
      (path) => `${path} has no effect: the image is not built but given by ${where}`,
    ),
  ];
};

const resourceAndImage: Rule = ({ spec, tree }) => {
  if (resourceTraits(spec.resource).needsImage) return [];
  const instead = `or use resource ${defaultResource}`;
  return [
    ...faultOf(
      tree,
      "docker.docker_image",
      (path) => `resource ${spec.resource} runs no image; remove ${path}, ${instead}`,
    ),
    ...faultOf(
      tree,
      "overrides.dockerfile",
      (path) => `resource ${spec.resource} builds no image; remove ${path}, ${instead}`,
    ),
    ...faultOf(tree, `builder.${spec.resource}`, (path) => `resource ${spec.resource} builds no image; remove ${path}`),
  ];
};

/** A spec may hold arguments for several resources, to be run on one or the other; a flag or an input is of this launch alone. */
const argsOfAnother: Rule = ({ spec, tree }) => {
  const args = at(tree, ["resource_args"]);
  if (args?.kind !== "map") return [];
  const others = [...args.entries].filter(([resource]) => resource !== spec.resource);
  return others.flatMap(([resource, { value }]) =>
    (value.kind === "map" ? [...value.entries.values()] : []).flatMap((entry) => {
      const { origin, path } = entry.value;
      if (origin.kind === "place") return [];
      const message = `${path} is for ${resource}, and this run is for resource ${spec.resource}; keep one`;
      return [faultAt({ origin, path, message })];
    }),
  );
};

const builderAndDockerfile: Rule = ({ config, tree, ...checked }) =>
  config.builder !== undefined && !buildsImages(config.builder) && runsHere(checked)
    ? faultOf(
        tree,
        "overrides.dockerfile",
        (path) =>
          `the launch config's builder ${config.builder?.type} builds nothing; remove ${path}, or use builder ${defaultBuilder.type}`,
      )
    : [];

/** A run that is only submitted from here is built and run as its agent's config says. */
function runsHere({ spec, queue }: Pick<Checked, "spec" | "queue">): boolean {
  return spec.queue === undefined || queue?.role === "agent";
}

const onlyQueued: Rule = ({ spec, tree }) =>
  spec.queue === undefined
    ? ["priority", "template_variables", "slots", "retry"].flatMap((field) =>
        faultOf(tree, field, (path) => `${path} needs a queue`),
      )
    : [];

const secretsAndEnvironment: Rule = ({ spec, tree }) =>
  Object.keys(spec.secrets)
    .filter((name) => Object.hasOwn(spec.env, name))
    .flatMap((name) =>
      faultOf(tree, `secrets.${name}`, () => `the variable ${name} is set twice, by env and by secrets; keep one`),
    );

const allowed: Rule = ({ spec, config, tree, configTree, queue }) => {
  if (!runsHere({ spec, queue })) return [];
  const { resources, sources } = config.allow;
  const isImage = spec.docker.docker_image !== undefined;
  const source = sourceNameOf({ isImage });
  const faults: Fault[] = [];
  const refuse = (field: string, list: string, words: string): void => {
    const found = at(tree, field.split("."));
    const ceiling = at(configTree, ["allow", list]);
    const { origin } = found ?? ceiling ?? tree;
    const where = found === undefined || ceiling === undefined ? "" : ` (${formatOrigin(ceiling.origin)})`;
    faults.push(
      faultAt({ origin, path: field, message: `${words}: allow.${list} of the launch config${where} doesn't have it` }),
    );
  };
  if (resources?.includes(spec.resource) === false)
    refuse("resource", "resources", `resource ${spec.resource} is not allowed here`);
  const kinds = sources?.filter((allowed) => !allowed.startsWith("/")) ?? [];
  if (kinds.length > 0 && !kinds.includes(source))
    refuse(isImage ? "docker.docker_image" : "uri", "sources", `a source of kind ${source} is not allowed here`);
  return faults;
};

const queuedProcess: Rule = ({ spec, config, tree, queue }) => {
  const { runsAs } = resourceTraits(spec.resource);
  if (spec.queue === undefined || queue?.role !== "agent" || runsAs.kind === "sandbox") return [];
  if (queue.submittersTrusted || config.allow[runsAs.allowedBy] === "trusted") return [];
  const { origin } = at(tree, ["resource"]) ?? tree;
  const message = `resource ${spec.resource}: a queued run could read what this agent's user can, its secrets too; allow.${runsAs.allowedBy}: trusted in the agent's launch config says that all who may enqueue are trusted with that`;
  return [faultAt({ origin, path: "resource", message })];
};

const reproduction: Rule = ({ spec, tree }) =>
  /^(?:https?:\/\/)?[^/]*wandb\.(?:ai|io)\/[^/]+\/[^/]+\/runs\//.test(spec.uri ?? "")
    ? faultOf(
        tree,
        "uri",
        () => "reproducing a W&B run is not in this version; give the run's code (a folder or a git URL)",
      )
    : [];

/** A spec is kept with its run, in a store that others read. */
const credentials: Rule = ({ spec, tree }) =>
  [
    ["uri", spec.uri],
    ["git.repo", spec.git.repo],
  ].flatMap(([field = "", url = ""]) =>
    /^(?:git\+)?https?:\/\/[^/?#]*@/i.test(url)
      ? faultOf(
          tree,
          field,
          (path) =>
            `credentials don't belong in ${path}, which is kept with the run; take out what is before the @, and use git's own credentials, or the action's token`,
        )
      : [],
  );

/** No program can be given one, as an argument, a variable or a path. The run's own values are handed over as JSON. */
const noNul: Rule = ({ tree }) => {
  const values = at(tree, ["overrides", "run_config"]);
  const textsOf = (part: Located): readonly Located[] => {
    if (part === values) return [];
    if (part.kind === "scalar") return typeof part.value === "string" && part.value.includes("\0") ? [part] : [];
    const below = part.kind === "list" ? part.items : [...part.entries.values()].map(({ value }) => value);
    return below.flatMap(textsOf);
  };
  return textsOf(tree).map(({ origin, path }) => {
    const message = `${path} has a NUL character, which no program can be given; encode the value, or put it into run_config`;
    return faultAt({ origin, path, message });
  });
};

const rules: readonly Rule[] = [
  noNul,
  oneSource,
  resourceAndImage,
  argsOfAnother,
  builderAndDockerfile,
  onlyQueued,
  secretsAndEnvironment,
  allowed,
  queuedProcess,
  reproduction,
  credentials,
];
