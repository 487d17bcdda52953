import { type Fault, faultAt, type Origin } from "../reading/fault.ts";
import { at, type Located, without } from "../reading/located.ts";
import type { ConfigDocument } from "../resolve/resolution.ts";

/** Fields that others know and this version doesn't: refused in words, because a field that is ignored is a promise broken. */
type Refused = readonly (readonly [path: string, words: string])[];

const refusedInSpec: Refused = [
  ["job", "W&B jobs are not in this version; give the code (uri) or an image (docker.docker_image)"],
  ["sweep_id", "W&B sweeps are not in this version"],
  ["additional_services", "additional services are not in this version"],
  ["builder", "the builder belongs to the launch config; a base image goes under resource_args.<resource>.builder"],
  ["registry", "the registry belongs to the launch config"],
  ["python_version", "it is read from .python-version, runtime.txt or requires-python of the source"],
  ["queue_entity", "queues of another entity are not in this version"],
  ["overrides.artifacts", "W&B artifacts are not in this version"],
  ["overrides.working_dir", "give the folder as uri instead: a run works in the folder that it names"],
  ["_wandb_api_key", "a key in a spec would be stored with the run; use secrets"],
  ["_wandb_job_collection_id", "W&B jobs are not in this version"],
  ["_resume_count", "it is kept by the launcher"],
];

/** All of them are for agents and the runs that these take from queues. */
const refusedInConfig: Refused = [
  ["max_schedulers", "W&B sweeps are not in this version"],
  ["stopped_run_timeout", "a run that is ended gets SIGTERM, and SIGKILL after 10 s"],
  ["secure_mode", "say what specs may use under allow"],
  ["verbosity", "use the flag --verbose"],
];

/** The tree without the refused fields; each that was written is given to `found`. */
function refuse(tree: Located, table: Refused, found: (path: string, words: string, key: Origin) => void): Located {
  let rest = tree;
  for (const [path, words] of table) {
    const keys = path.split(".");
    const parent = at(tree, keys.slice(0, -1));
    const entry = parent?.kind === "map" ? parent.entries.get(keys.at(-1) ?? "") : undefined;
    if (entry === undefined) continue;
    found(path, words, entry.key);
    rest = without(rest, keys);
  }
  return rest;
}

const faultIn =
  (faults: Fault[]) =>
  (path: string, words: string, origin: Origin): void => {
    faults.push(faultAt({ origin, path, message: `${path} is not supported: ${words}` }));
  };

export function refuseInSpec(tree: Located, faults: Fault[]): Located {
  return refuse(tree, refusedInSpec, faultIn(faults));
}

/**
 * A config that was named is this launch's own, and may ask for nothing that is not there. One that was found may be that of the W&B agent
 * on this machine: what it says to agents alone is left out with a warning, and stops no run here.
 */
export function refuseInConfig(
  tree: Located,
  document: ConfigDocument | undefined,
  { faults, warnings }: { readonly faults: Fault[]; readonly warnings: string[] },
): Located {
  if (document?.found === undefined) return refuse(tree, refusedInConfig, faultIn(faults));
  const names: string[] = [];
  const rest = refuse(tree, refusedInConfig, (path) => names.push(path));
  if (names.length > 0) {
    warnings.push(
      `${document.name}: ${names.join(", ")} ${names.length === 1 ? "is" : "are"} of W&B's agent, and ${names.length === 1 ? "has" : "have"} no effect here`,
    );
  }
  return rest;
}
