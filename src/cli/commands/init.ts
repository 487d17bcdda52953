import { readdir, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { formatCommandLine } from "../../core/command-line.ts";
import { exitCodes, isFileMissing, LaunchError, systemCode } from "../../core/errors.ts";
import { defaultResource, resourceWithoutImage } from "../../resources/index.ts";
import { slugOf } from "../../run/run-id.ts";
import { withInterpreter } from "../../spec/reading/words.ts";
import type { Console } from "../terminal/console.ts";
import type { InitFlags } from "../program/flags.ts";

/** Where editors find the schema; it is also in this package, under schema/. */
const schemaUrl = "https://raw.githubusercontent.com/org/launch-action/v1/schema/launch.schema.json";
/** Scripts that are taken for the entry point, the first that is there. */
const usualNames = ["train", "main", "run", "app"].flatMap((name) =>
  ["py", "mjs", "js", "ts", "sh"].map((end) => `${name}.${end}`),
);
const requirementNames = [
  "requirements.txt",
  "pyproject.toml",
  "uv.lock",
  "environment.yml",
  "requirements.frozen.txt",
];

/** `launch init`: a launch.yaml from what is in the folder. */
export async function initCommand(
  directory: string,
  flags: InitFlags,
  { out, workingDirectory }: Console,
): Promise<number> {
  const folder = resolve(workingDirectory, directory);
  const file = join(folder, "launch.yaml");
  const found = lookAt(await filesOf(folder, directory), folder);
  try {
    await writeFile(file, specText(found), { flag: flags.force === true ? "w" : "wx" });
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    throw new LaunchError("bad-usage", `${join(directory, "launch.yaml")} is there already; --force replaces it`, {
      cause: error,
    });
  }
  const next = formatCommandLine(["launch", "run", ...(directory === "." ? [] : [directory])]);
  await out.write(`wrote ${join(directory, "launch.yaml")}: ${found.made}\nnext: ${next}\n`);
  return exitCodes.succeeded;
}

type Found = {
  readonly name: string;
  readonly command: readonly string[] | undefined;
  readonly resource: string;
  readonly why: string;
  readonly made: string;
};

async function filesOf(folder: string, called: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (isFileMissing(error)) throw new LaunchError("bad-usage", `"${called}" is no folder`, { cause: error });
    throw error;
  }
}

function lookAt(files: readonly string[], folder: string): Found {
  const name = slugOf(basename(folder)) || "run";
  const script = scriptOf(files);
  const dockerfile = files.find((file) => file === "Dockerfile.wandb" || file === "Dockerfile");
  if (script === undefined && dockerfile === undefined) {
    throw new LaunchError(
      "bad-usage",
      `nothing in ${folder} looks like what to run: no Dockerfile, no ${usualNames.slice(0, 2).join(", ")}, …, and not one script alone; add it, or write launch.yaml by hand`,
    );
  }
  if (dockerfile !== undefined) {
    const why = `built from ${dockerfile}`;
    return { name, command: undefined, resource: defaultResource, why, made: `an image from ${dockerfile}` };
  }
  const command = withInterpreter([script ?? ""]);
  const requirements = requirementNames.find((file) => files.includes(file));
  return requirements === undefined
    ? {
        name,
        command,
        resource: resourceWithoutImage,
        why: `or ${defaultResource}`,
        made: `${formatCommandLine(command)} as a process`,
      }
    : {
        name,
        command,
        resource: defaultResource,
        why: `an image with ${requirements} installed; or ${resourceWithoutImage}`,
        made: `${formatCommandLine(command)} in an image with ${requirements}`,
      };
}

/** A usual name, else the only script there is. */
function scriptOf(files: readonly string[]): string | undefined {
  const usual = usualNames.find((name) => files.includes(name));
  if (usual !== undefined) return usual;
  const scripts = files.filter(
    (file) => /\.(?:py|mjs|js|ts|sh)$/.test(file) && !/^(?:setup|conftest)\.py$|\.config\./.test(file),
  );
  return scripts.length === 1 ? scripts[0] : undefined;
}

function specText({ name, command, resource, why }: Found): string {
  const entryPoint =
    command === undefined
      ? ["  # entry_point: [python, train.py]   # instead of the image's own command"]
      : [
          `  entry_point: [${command.map((word) => (/^[\w./-]+$/.test(word) ? word : JSON.stringify(word))).join(", ")}]`,
        ];
  return [
    `# yaml-language-server: $schema=${schemaUrl}`,
    "# What to run, and where. `launch validate --explain` shows every value and where it comes from.",
    `name: ${name}`,
    "uri: . # this folder, as it is in the commit; or a git URL",
    "",
    "overrides:",
    ...entryPoint,
    "  args: [] # more words for it",
    "  run_config: {} # values for the code: LAUNCH_CONFIG and WANDB_CONFIG hold them as JSON; --set lr=0.1 changes one",
    "",
    `resource: ${resource} # ${why}`,
    "",
    "# timeout: 2h",
    "# env:",
    '#   OMP_NUM_THREADS: "4"',
    "# secrets: [WANDB_API_KEY] # names; the launch config or the action's input `secrets` has the values",
    "",
  ].join("\n");
}
