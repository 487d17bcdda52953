/*
 * The one entry of the bundle: what the action runs, what it runs after the job, and the command line. Each has its own `import()`, so
 * that none pays for the others; which of them runs is the caller's to say (bin/), never the environment's.
 */

/** The action's main part. */
export async function main(): Promise<void> {
  const { runMain } = await import("./action/main.ts");
  await runMain();
}

/** The action's part after the job: takes away what a killed main left. */
export async function post(): Promise<void> {
  const { runPost } = await import("./action/post.ts");
  await runPost();
}

/** The command line; `argv` is what follows the program's name. */
export async function cli(argv: readonly string[]): Promise<void> {
  const { runCli } = await import("./cli/main.ts");
  await runCli(argv);
}
