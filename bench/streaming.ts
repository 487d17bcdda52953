import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Bar, interleave, type Row, toRow } from "./measure.ts";
import { inWorkspace, launchEntry } from "./program.ts";
import { finish } from "./subprocess.ts";

export const streamingBars: readonly [Bar, Bar] = [
  {
    measure: "launch run while a local process prints 1 GB in lines: peak memory (floor: `node -e 0`)",
    unit: "MB",
    of: "value",
    is: "at most",
    bar: 150,
  },
  {
    measure: "launch run while a local process prints 1 GB in lines: rate (floor: the same piped to cat)",
    unit: "MB/s",
    of: "value",
    is: "at least",
    bar: 100,
  },
];

const bytes = 1_000_000_000;
/** 1 GB in lines of 100 bytes. */
const print = `yes '${"a line of a training log, as long as such lines are ".repeat(2).slice(0, 99)}' | head -c ${bytes}\n`;

/**
 * Preloaded into a Node that is measured: leaves its peak of resident memory, in kB, in the file that LAUNCH_BENCH_PEAK names. The
 * kernel's VmHWM and not getrusage's maxrss, which begins with what the parent of the process had. Plain JavaScript in a URL: a
 * TypeScript file would bring the 20 MB of its compiler into what is measured.
 */
const reportPeak = `data:text/javascript,${encodeURIComponent(`
  import fs from "node:fs";
  const file = process.env.LAUNCH_BENCH_PEAK;
  const peak = () => /^VmHWM:\\s+(\\d+) kB$/m.exec(fs.readFileSync("/proc/self/status", "utf8"))[1];
  process.on("exit", () => fs.writeFileSync(file, peak()));
`)}`;

/** A run that prints as fast as it can: the log is read, kept, shown, and its end recorded. */
export async function streaming(): Promise<readonly Row[]> {
  return inWorkspace(async ({ folder, env, project }) => {
    const cwd = project({ "print.sh": print });
    const peakFile = join(folder, "peak");
    const preload = ["--import", reportPeak];
    const measured = { ...env, LAUNCH_BENCH_PEAK: peakFile };
    const peak = (): number => (Number(readFileSync(peakFile, "utf8")) * 1024) / 1e6;
    const peaks: number[] = [];
    const toCat = async (command: readonly string[]): Promise<number> => {
      const args = ["-c", 'set -o pipefail; "$@" | cat >/dev/null', "bash", ...command];
      return bytes / 1e6 / (await finish({ command: "bash", args, cwd, env: measured })).seconds;
    };
    const launch = [launchEntry, "run", ".", "--resource", "local-process", "-E", "sh print.sh"];
    const rounds = await interleave({
      rounds: 5,
      warmUp: 1,
      value: async () => {
        const rate = await toCat([process.execPath, ...preload, ...launch]);
        peaks.push(peak());
        return rate;
      },
      floor: () => toCat(["sh", "print.sh"]),
    });
    await finish({ command: process.execPath, args: [...preload, "-e", "0"], env: measured });
    const memory = { value: Math.max(...peaks), floor: peak() };
    return [toRow(streamingBars[0], [memory]), toRow(streamingBars[1], rounds)];
  });
}
