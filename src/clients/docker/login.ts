import { type Login, privateDockerConfig } from "./config.ts";

/** How Docker logs in to what it is to push or pull. */
export type LoginRequest = {
  /** Asked for at the moment of use; undefined: what Docker has on this machine. */
  readonly credential: (signal: AbortSignal) => Promise<Login | undefined>;
  /** A folder that only this user can read. */
  readonly scratch: string;
  /** Whether work may have failed so because its login was turned away. */
  readonly mayBeLogin: (error: unknown) => boolean;
};

type Work<T> = (env: Readonly<Record<string, string>>) => Promise<T>;

/**
 * Runs `work` with the environment of Docker calls that have this login; the login is removed after. Docker asks for it at its start
 * and may need it an hour later: where that fails and there is another login by then, it is done once more, with that one.
 */
export async function withLogin<T>(request: LoginRequest, signal: AbortSignal, work: Work<T>): Promise<T> {
  const login = await request.credential(signal);
  if (login === undefined) return work({});
  try {
    return await loggedIn(login, request.scratch, work);
  } catch (error) {
    if (signal.aborted || !request.mayBeLogin(error)) throw error;
    const next = await request.credential(signal);
    if (next === undefined || next.password === login.password) throw error;
    return loggedIn(next, request.scratch, work);
  }
}

async function loggedIn<T>(login: Login, scratch: string, work: Work<T>): Promise<T> {
  const config = await privateDockerConfig([login], scratch);
  try {
    return await work(config.env);
  } finally {
    await config.remove();
  }
}
