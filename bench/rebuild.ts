import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pythonImage, removeImages } from "./engine.ts";
import { type Bar, interleave, type Row, toRow } from "./measure.ts";
import { inWorkspace, launchEntry } from "./program.ts";
import { finish, type Finished } from "./subprocess.ts";

/*
 * What carries the bar is the time until the image is there, from the start of `launch`: with Node's own start, reading the checkout,
 * hashing it and looking for an image of it, none of which the floor does. What a launch adds after that, to the container itself, has
 * its bar in "prebuilt". Both sides use the builder that `docker buildx` uses here. With the engine's own the floor is a quarter of a
 * second on a quiet machine, so each process that a launch starts before its build is 1 to 2 %; with a BuildKit beside the engine
 * (BUILDX_BUILDER; setup-buildx on GitHub), which hands its image over as a file, the floor is several times that.
 */
export const changedLineBars: readonly [Bar] = [
  {
    measure: "change of one source line: wall to the built image over a hand-written `docker buildx build`",
    unit: "s",
    of: "ratio",
    is: "at most",
    bar: 1.15,
  },
];

const requirements = "six==1.17.0\n";
const program = (round: number): string => `import six\n\nprint("round", ${round}, six.PY3)\n`;

/** The floor's Dockerfile, as one would write it who knows how layers are cached. */
const byHand = `FROM ${pythonImage}
WORKDIR /app
COPY requirements.txt .
RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt
COPY . .
CMD ["python", "train.py"]
`;

/** An edit in a Python project whose dependencies are installed already: by launch with a generated Dockerfile, and by hand. */
export async function changedLine(): Promise<readonly Row[]> {
  const name = `bench-changed-${process.pid}`;
  try {
    return await inWorkspace(async ({ project, env }) => {
      const mine = project({
        "train.py": program(0),
        "requirements.txt": requirements,
        ".python-version": "3.11\n",
        "launch.yaml": JSON.stringify({
          name,
          uri: ".",
          resource: "local-container",
          overrides: { entry_point: ["python", "train.py"] },
        }),
        // Where packages come through the host's network, builds must too; elsewhere it changes nothing for either side.
        "launch-config.yaml": JSON.stringify({ builder: { type: "docker", network: "host" } }),
      });
      const theirs = project({ "train.py": program(0), "requirements.txt": requirements, Dockerfile: byHand });
      const image = `${name}-by-hand`;
      let change = 0;
      const edit = (directory: string): void => writeFileSync(join(directory, "train.py"), program((change += 1)));
      const launch = (): Promise<Finished> => {
        edit(mine);
        const args = [launchEntry, "run", "launch.yaml", "--launch-config", "launch-config.yaml", "--json"];
        return finish({ command: process.execPath, args, cwd: mine, env });
      };
      const build = async (): Promise<number> => {
        edit(theirs);
        const args = ["buildx", "build", "--quiet", "--network", "host", "--load", "--tag", image, "."];
        return (await finish({ command: "docker", args, cwd: theirs, env })).seconds;
      };
      const value = async (): Promise<number> => imageReady(await launch());
      return [toRow(changedLineBars[0], await interleave({ rounds: 15, warmUp: 1, value, floor: build }))];
    });
  } finally {
    removeImages(name);
  }
}

/** From the start of the program to the end of its image phase: with all that it did before. */
function imageReady({ lines }: Finished): number {
  const line = lines.find(({ text }) => text.includes('"phase":"image"') && text.includes('"status":"ended"'));
  if (line === undefined) throw new Error("launch never said that the image was there");
  if (!line.text.includes("built")) throw new Error(`launch built nothing: ${line.text}`);
  return line.seconds;
}
