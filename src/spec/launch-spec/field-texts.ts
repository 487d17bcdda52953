import { resources } from "../../resources/index.ts";

/** What each field means, for the JSON Schemas and so for editors; by the path as it is written, `*` for any item. */
export type FieldTexts = Readonly<Record<string, string>>;

const image = "Base image of a generated Dockerfile, or of a container that the code is mounted into.";
const resourceTexts = Object.fromEntries(
  Object.entries(resources).flatMap(([resource, { traits }]) => {
    const path = `resource_args.${resource}.builder`;
    return [
      [`resource_args.${resource}`, traits.argsText],
      [path, "What the image is built on."],
      [`${path}.base_image`, image],
      [`${path}.accelerator`, "The same, for a machine with an accelerator; it comes first."],
      [`${path}.accelerator.base_image`, "Base image with the accelerator's libraries."],
      [`${path}.cuda`, "W&B's other name for accelerator."],
      [`${path}.cuda.base_image`, "Base image with the accelerator's libraries."],
    ];
  }),
);

export const specTexts: FieldTexts = {
  uri: 'Where the code comes from: "." or another folder of a git repository, a git URL, or the address of a repository or folder on GitHub, GitLab or Bitbucket. Default: the folder of this file.',
  name: "The run's name; its id starts with it. Default: made from the source.",
  project: "A label of the run. Default: the repository's name.",
  entity: "A label of the run. Default: the repository's owner.",
  author: "Who the run is made for.",
  run_id: "The run's id, where it must be a certain one. Default: made from the name and the time.",
  git: "Which repository and which version of it.",
  "git.repo": "A git URL, in place of the one that uri gives.",
  "git.version": "A branch, a tag or a commit. With it local changes are not part of the run.",
  docker: "A ready image, and the user of an image that is built.",
  "docker.docker_image": "An image to run as it is, in place of code.",
  "docker.user_id": "The user id in a generated Dockerfile.",
  overrides: "What is run, and how.",
  "overrides.entry_point":
    "The command: a list of words, or one string that is split into words (without a shell). A script gets its interpreter: train.py becomes python3 train.py. Default: main.py, or the image's own.",
  "overrides.args":
    "Arguments after the entry point: a list of strings, or a mapping whose entries become --key=value.",
  "overrides.run_config": "The run's configuration; the run finds it in LAUNCH_CONFIG and WANDB_CONFIG.",
  "overrides.dockerfile": "A Dockerfile of the source to build the image with.",
  "overrides.files": "Changes to configuration files: a file's path, and what is different in it.",
  resource: "Where the run executes.",
  resource_args:
    "Arguments of the resource, by its name. ${run_id}, ${run_name}, ${project_name}, ${entity_name}, ${image_uri} and ${author} are filled in.",
  ...resourceTexts,
  queue: "The queue that the run waits in.",
  priority: "Its place in the queue: critical (0), high (1), medium (2) or low (3).",
  template_variables: "Values for the templates of the queue's definition.",
  env: "Variables of the run. Not for secrets: they are stored with the run.",
  secrets:
    "Secrets that the run gets as variables: a list of names, or a mapping from variables to secrets' names. The values come from the launch config or from the action's input.",
  slots: "What the run holds of an agent's machine, such as gpu: 1.",
  timeout: "How long the run may take: 90s, 15 min, 2h30m, or a number of seconds.",
  retry: "When another attempt is made.",
  "retry.max_attempts": "Attempts in all, the first included.",
  "retry.on": "The reasons of a failure that another attempt is made for. Default: preempted and lost.",
  "retry.on.*.exit-code": "These exit codes only.",
  "retry.backoff": "How long to wait before another attempt; twice as long before each one after it.",
  outputs: "Files and folders of the run that are kept.",
};

const placeTexts: FieldTexts = {
  environment: "Which cloud's credentials are used.",
  "environment.type": "The cloud.",
  "environment.region": "The cloud's region.",
  "environment.project": "The Google Cloud project.",
  registry: "Where images are pushed to.",
  "registry.type": "The kind of registry; generic is any, with the login that Docker has here.",
  "registry.uri": "The repository, or (with a / at the end) a prefix that image names are added to.",
  "registry.repository": "The repository's name.",
  "registry.repo_name": "W&B's name for repository.",
  "registry.region": "The registry's region.",
  "registry.account_id": "The AWS account's number, in quotes.",
  "registry.project": "The Google Cloud project.",
  "registry.image-name": "The image's name in the repository.",
  builder: "What turns code into an image. Absent: chosen at launch.",
  "builder.type": "docker on this machine, kaniko in a cluster, or noop: nothing is built.",
  "builder.destination": "The repository that images are pushed to.",
  "builder.platform": "The platform that images are built for.",
  "builder.network": "The network that build steps have.",
  "builder.build-args": "Build arguments (ARG of a Dockerfile). Not for secrets: they stay in the image.",
  "builder.cache-from": "Caches to read, as docker buildx build --cache-from takes them.",
  "builder.cache-to": "Caches to write, as docker buildx build --cache-to takes them.",
  "builder.secrets": "Names of secrets that a Dockerfile may mount: RUN --mount=type=secret,id=NAME.",
  "builder.timeout": "How long one build may take. Default: 1 h.",
  "builder.pull": "Ask the registry for newer base images also where the engine has them.",
  "builder.no-cache": "Run every step again, whatever is cached.",
  "builder.media-types": "How manifests are written: Docker's schema 2 (default), which SageMaker wants, or OCI's.",
  "builder.build-context-store": "Where kaniko gets the code from: s3://…, gs://… or an Azure blob's URL.",
  "builder.build-job-name": "What the Jobs that build are named.",
  "builder.secret-name": "A Kubernetes secret with the credentials to push with.",
  "builder.secret-key": "The key of that secret.",
  "builder.kaniko-image": "The image of kaniko itself.",
  "builder.kaniko-config": "A Job's manifest that the build's is made from.",
};

export const configTexts: FieldTexts = {
  entity: "The entity of runs that name none.",
  project: "The project of runs that name none.",
  ...placeTexts,
  store: "Where runs and queues are kept: git+https://…, git+ssh://…, git+file:///… or postgres://….",
  github_app: "A GitHub App as which stores and sources on GitHub are reached; its tokens are renewed.",
  "github_app.id": "The App's id.",
  "github_app.installation": "The number of its installation: the end of the URL of the installation's settings.",
  "github_app.private_key": "Where the App's private key is: a variable or a file of this machine.",
  "github_app.private_key.env": "The variable that holds the key.",
  "github_app.private_key.file": "The file that holds the key; an absolute path.",
  queues: "The queues that an agent here serves, in turn.",
  max_jobs: "Runs of an agent at the same time; -1 for no limit. Default: 1.",
  slots: "What runs share of this machine, by name: how many there are, or auto for gpu.",
  lease: "How an agent shows that it is there.",
  "lease.ttl": "How long it may be silent before others take its runs.",
  "lease.heartbeat": "How often it says that it is there.",
  profiles: "Other environments, registries and builders, chosen by a queue's profile.",
  ...Object.fromEntries(Object.entries(placeTexts).map(([path, text]) => [`profiles.*.${path}`, text])),
  secrets: "Secrets that runs may ask for, by name: a variable or a file of this machine each.",
  "secrets.*.env": "The variable that holds the value.",
  "secrets.*.file": "The file that holds the value; an absolute path.",
  allow: "What specs may use here.",
  "allow.resources": "Resources. Default: all.",
  "allow.sources":
    "Sources: git, image; and absolute paths of folders that a spec's uri may name. Default: all kinds, no folders.",
  "allow.mounts": "Folders of this machine that a container may mount. Default: none.",
  "allow.mounts.*.path": "An absolute path; what is below it is allowed too.",
  "allow.mounts.*.read_only": "Whether it may be mounted read-only alone. Default: true.",
  "allow.network": "Networks of the engine that a container may join. Default: none but its own.",
  "allow.build_network": "Whether builds may reach the builder's network. Default: true.",
  "allow.patches_in_public": "Whether local changes may be kept in a store that everyone can read.",
  "allow.local_process":
    "Whether queued runs may be processes of the agent's user, which can read what it can: trusted says that all who may enqueue are trusted with that.",
};

export const queueTexts: FieldTexts = {
  description: "What the queue is for, in a line.",
  resource: "Where its runs execute. Absent: where each spec says.",
  resource_args: "The resource's arguments. {{name}} stands for a template variable.",
  order: "priority: by priority, then by age; fifo: by age alone.",
  ageing: "A run gains one level of priority for each such time that it has waited.",
  template_variables: "What a spec may choose, by name.",
  "template_variables.*.schema": "Which values it may have.",
  "template_variables.*.schema.type": "The type of its values.",
  "template_variables.*.schema.description": "What it is for.",
  "template_variables.*.schema.enum": "The only values.",
  "template_variables.*.schema.minimum": "The smallest value.",
  "template_variables.*.schema.maximum": "The largest value.",
  "template_variables.*.schema.default": "The value of a spec that gives none.",
  overrides:
    "What of the resource's arguments a spec may say: all of it (over these), the template variables alone, or nothing.",
  limits: "How much of it at once.",
  "limits.running": "Runs at the same time, over all agents.",
  "limits.waiting": "Runs that wait; more are refused.",
  "limits.running_per_submitter": "Runs of one submitter at the same time.",
  "limits.timeout": "How long a run may take.",
  "limits.timeout.default": "Of a spec that says nothing.",
  "limits.timeout.max": "At most.",
  profile: "Which profile of its launch config an agent uses for the queue's runs.",
};
