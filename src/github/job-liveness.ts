import { z } from "zod";
import { gitHubApi } from "../clients/github/api.ts";
import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import type { JobLiveness } from "../run/job-liveness.ts";
import type { JsonObject } from "../core/json.ts";
import type { Log } from "../core/output/log.ts";
import { refuseToken, type Token, tokenText, type Tokens } from "../core/token.ts";
import { say } from "../core/output/said.ts";
import { gitHubPlace, type GitHubPlace, tokenAt } from "./place.ts";
import type { Environment } from "./context.ts";

/*
 * Whether an agent's job has ended, asked of GitHub. That a job is completed is no proof: GitHub completes it too when its runner has not
 * been heard of for ten minutes, and then the agent and its runs may go on. The runner itself has closed it when all of its steps are
 * completed and the last one ("Complete job", which ends what is left of the job's processes) went well, after the post steps (which
 * end what is left of the agent's runs). Whatever is not that, an error above all, says nothing.
 */
export type GitHubJobs = {
  readonly tokens: Tokens;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
};

/** What an agent says of its job in its beats. */
const jobSchema = z.object({
  provider: z.literal("github"),
  server: z.string(),
  repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
  run_id: z.string().regex(/^\d+$/),
  run_attempt: z.string().regex(/^\d+$/),
  runner: z.string().min(1),
  /** Its runs can't be taken over by the machine's next agent: the post step ends them. */
  keeps_runs: z.literal(false),
});
type Job = z.output<typeof jobSchema>;

const answerSchema = z.object({
  total_count: z.int(),
  jobs: z.array(
    z.object({
      status: z.string(),
      runner_name: z.string().nullable(),
      steps: z
        .array(z.object({ name: z.string(), number: z.int(), status: z.string(), conclusion: z.string().nullable() }))
        .optional(),
    }),
  ),
});
type AnsweredJob = z.output<typeof answerSchema>["jobs"][number];

/** The same job is asked for once a minute, and any job once in five seconds: 720 requests an hour at most, of 1,000 that a job's token has. */
const sameEveryMs = 60_000;
const anyEveryMs = 5_000;
/** A run of more jobs than are on one page is not looked through. */
const pageSize = 100;

/** Undefined where there is no token for this GitHub: nothing is asked then. */
export function gitHubJobs({ tokens, environment, clock, log }: GitHubJobs): JobLiveness | undefined {
  const place = gitHubPlace(environment);
  const token = tokenAt(place, tokens);
  if (token === undefined) return undefined;
  const ended = new Set<string>();
  const askedMs = new Map<string, number>();
  const closed = new AbortController();
  let lastMs = Number.NEGATIVE_INFINITY;
  const ask = async (job: Job, key: string): Promise<void> => {
    try {
      if (await isClosed(job, { ...place, token }, closed.signal)) ended.add(key);
    } catch (error) {
      if (!closed.signal.aborted)
        log.debug(say`whether job run ${job.run_id} has ended is not known: ${messageOf(error)}`);
    }
  };
  return {
    hasEnded: (given: JsonObject) => {
      const job = jobSchema.safeParse(given).data;
      if (job?.server !== place.serverUrl) return false;
      const key = `${job.repository}/${job.run_id}/${job.run_attempt}/${job.runner}`;
      const now = clock.monotonicMs();
      const isDue = now - lastMs >= anyEveryMs && now - (askedMs.get(key) ?? Number.NEGATIVE_INFINITY) >= sameEveryMs;
      if (isDue && !ended.has(key) && !closed.signal.aborted) {
        lastMs = now;
        askedMs.set(key, now);
        void ask(job, key);
      }
      return ended.has(key);
    },
    close: () => closed.abort(),
  };
}

type Access = Pick<GitHubPlace, "apiUrl"> & { readonly token: Token };

async function isClosed(job: Job, { apiUrl, token }: Access, signal: AbortSignal): Promise<boolean> {
  const [owner = "", repo = ""] = job.repository.split("/");
  const text = await tokenText(token, signal);
  const api = await gitHubApi(apiUrl);
  signal.throwIfAborted();
  try {
    const { data } = await api("GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs", {
      owner,
      repo,
      run_id: Number(job.run_id),
      attempt_number: Number(job.run_attempt),
      per_page: pageSize,
      headers: { authorization: `Bearer ${text}` },
      request: { signal },
    });
    const { total_count: count, jobs } = answerSchema.parse(data);
    // A runner has one job at a time, and may have had several of this run.
    const own = jobs.filter(({ runner_name: runner }) => runner === job.runner);
    return count === jobs.length && own.length > 0 && own.every(isClosedByRunner);
  } catch (error) {
    if (z.object({ status: z.literal(401) }).safeParse(error).success) refuseToken(token, text);
    throw error;
  }
}

function isClosedByRunner({ status, steps = [] }: AnsweredJob): boolean {
  const last = steps.toSorted((a, b) => a.number - b.number).at(-1);
  const posts = steps.filter(({ name }) => name.startsWith("Post "));
  return (
    status === "completed" &&
    last?.conclusion === "success" &&
    steps.every((step) => step.status === "completed") &&
    posts.length > 0 &&
    posts.every(({ conclusion }) => conclusion === "success")
  );
}
