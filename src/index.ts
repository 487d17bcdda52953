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

/*
 * What nearly every part needs lies in the bundle's entry once, instead of in each of a dozen chunks; it is loaded when it is first
 * needed, as anywhere. Small modules alone, and none that needs a package: the entry is read at each start. Nothing is called here: the
 * bundler alone reads it.
 */
// eslint-disable-next-line @typescript-eslint/no-meaningless-void-operator -- as a variable it would be an unused one
void [
  () => import(/* webpackMode: "eager" */ "./core/process.ts"),
  () => import(/* webpackMode: "eager" */ "./core/process-identity.ts"),
  () => import(/* webpackMode: "eager" */ "./core/duration.ts"),
  () => import(/* webpackMode: "eager" */ "./core/token.ts"),
  () => import(/* webpackMode: "eager" */ "./core/state-directory.ts"),
  () => import(/* webpackMode: "eager" */ "./core/image-reference.ts"),
  () => import(/* webpackMode: "eager" */ "./core/output/redaction.ts"),
  () => import(/* webpackMode: "eager" */ "./queues/templates.ts"),
  () => import(/* webpackMode: "eager" */ "./reporting/words.ts"),
  () => import(/* webpackMode: "eager" */ "./run/outcome.ts"),
  () => import(/* webpackMode: "eager" */ "./run/run-id.ts"),
  () => import(/* webpackMode: "eager" */ "./run/transitions.ts"),
  () => import(/* webpackMode: "eager" */ "./spec/reading/suggestion.ts"),
  () => import(/* webpackMode: "eager" */ "./stores/location.ts"),
];
