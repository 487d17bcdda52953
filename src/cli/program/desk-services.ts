import { homedir } from "node:os";
import { systemClock } from "../../core/clock.ts";
import type { Log } from "../../core/output/log.ts";
import { stateDirectoryOf } from "../../core/state-directory.ts";
import { ownCatalogs, thisLauncher } from "../../launch/services.ts";
import { ownerOf } from "../../submit/owner.ts";
import type { SubmitServices } from "../../submit/submission.ts";
import type { Console } from "../terminal/console.ts";
import { ownTokens } from "./tokens.ts";

/** What a person's command works with: this machine's state, and tokens that this person has. */
export function deskServices({ environment }: Pick<Console, "environment">, log: Log): SubmitServices {
  const home = homedir();
  const state = stateDirectoryOf(environment, home);
  return {
    log,
    clock: systemClock,
    state,
    environment,
    home,
    launcher: thisLauncher(state),
    ...ownCatalogs({ log, state, environment }),
    ownerOf,
    tokensOf: (config) => ownTokens(config, environment, log),
  };
}
