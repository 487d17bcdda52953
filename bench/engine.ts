import { execFileSync } from "node:child_process";

/* The engine that the container measures use: the one that `docker` reaches. */

export const smallImage = "busybox";
export const pythonImage = "python:3.11-slim";

/** Why no container can be measured here; undefined when it can. The image is pulled first if it isn't there. */
export function missingEngine(image: string): string | undefined {
  try {
    docker("version");
  } catch {
    return "no Docker engine answers";
  }
  try {
    docker("image", "inspect", image);
  } catch {
    try {
      docker("pull", "--quiet", image);
    } catch {
      return `the image ${image} is not here and can't be pulled`;
    }
  }
  return undefined;
}

export function docker(...args: readonly string[]): string {
  return execFileSync("docker", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 300_000 }).trim();
}

/** The image that has this word in its name. */
export function imageNamed(word: string): string {
  const id = idsOf(word)[0];
  if (id === undefined) throw new Error(`the engine has no image with "${word}" in its name`);
  return id;
}

/** Removes every image that has this word in its name: the measures give their images names that nothing else has. */
export function removeImages(word: string): void {
  const ids = idsOf(word);
  if (ids.length > 0) docker("image", "rm", "--force", ...ids);
}

function idsOf(word: string): readonly string[] {
  const lines = docker("image", "ls", "--no-trunc", "--format", "{{.Repository}}\t{{.ID}}").split("\n");
  return [...new Set(lines.filter((line) => line.includes(word)).map((line) => line.split("\t")[1] ?? ""))];
}
