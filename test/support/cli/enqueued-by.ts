import { expect } from "vitest";
import { z } from "zod";
import type { CommandLine } from "./command-line.ts";

const enqueuedSchema = z.object({
  event: z.literal("enqueued"),
  runs: z.array(z.object({ run_id: z.string(), state: z.string() })),
  group: z.string().optional(),
  replaced: z.array(z.string()),
});
export type EnqueuedEvent = z.output<typeof enqueuedSchema>;

/** `launch run` with these words, which must enqueue, and what it says of that. */
export function enqueuedBy(launch: CommandLine): (...argv: readonly string[]) => Promise<EnqueuedEvent> {
  return async (...argv) => {
    const { stdout, stderr, exitCode } = await launch("run", ...argv, "--json");
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    const [line = ""] = stdout.split("\n").filter((text) => text.includes('"event":"enqueued"'));
    return enqueuedSchema.parse(JSON.parse(line));
  };
}
