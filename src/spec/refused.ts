import { type Fault, faultAt } from "./fault.ts";
import { at, type Located, without } from "./located.ts";

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

const refusedInConfig: Refused = [
  ["max_schedulers", "W&B sweeps are not in this version"],
  ["stopped_run_timeout", "a run that is ended gets SIGTERM, and SIGKILL after 10 s"],
  ["secure_mode", "say what specs may use under allow"],
  ["verbosity", "use the flag --verbose"],
];

/** The tree without the refused fields; each is a fault. */
function refuse(tree: Located, table: Refused, faults: Fault[]): Located {
  let rest = tree;
  for (const [path, words] of table) {
    const keys = path.split(".");
    const parent = at(tree, keys.slice(0, -1));
    const entry = parent?.kind === "map" ? parent.entries.get(keys.at(-1) ?? "") : undefined;
    if (entry === undefined) continue;
    faults.push(faultAt({ origin: entry.key, path, message: `${path} is not supported: ${words}` }));
    rest = without(rest, keys);
  }
  return rest;
}

export const refuseInSpec = (tree: Located, faults: Fault[]): Located => refuse(tree, refusedInSpec, faults);
export const refuseInConfig = (tree: Located, faults: Fault[]): Located => refuse(tree, refusedInConfig, faults);
