import { resolve, sep } from "node:path";

/** Whether what is kept in this folder goes with the job: then no later agent of the machine can take a run over. */
export function goesWithJob(directory: string): boolean {
  const temporary = process.env["RUNNER_TEMP"] ?? "";
  return temporary !== "" && resolve(directory).startsWith(`${resolve(temporary)}${sep}`);
}
