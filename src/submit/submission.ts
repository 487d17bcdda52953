import type { Tokens } from "../core/token.ts";
import type { Services } from "../launch/services.ts";
import type { CiRun } from "../run/record.ts";
import type { LaunchConfig } from "../spec/config/launch-config.ts";
import type { Owner } from "./owner.ts";
import type { LaunchSettings, SettingName } from "./settings/tables.ts";

/** What somebody asked for, by whichever door: free of how that door takes it, and not yet one run or several. */
export type Submission = {
  /** Files, folders, URLs or texts; undefined for what is found in the working folder. Several are for a queue alone. */
  readonly specs: readonly (string | undefined)[];
  /** What one of them is called for people: `SPEC`, `input spec`. */
  readonly called: string;
  readonly settings: LaunchSettings;
  /** What a setting is called where it was given: `--resource`, `input resource`. */
  readonly nameOf: (setting: SettingName) => string;
  /** Values handed over for this launch, by the secret's name. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Who asked, as claimed. */
  readonly by: string;
  readonly ci: CiRun | undefined;
  /** Who asks the same again by the same key enqueues nothing twice. */
  readonly idempotencyKey: string | undefined;
};

/** What a door gives to work with. */
export type SubmitServices = Omit<Services, "store" | "tokens"> & {
  readonly home: string;
  /** Owner and name of the repository that a spec's folder belongs to. */
  readonly ownerOf: (directory: string, signal: AbortSignal) => Promise<Owner>;
  /** What GitHub is reached with; the launch config may name an App. */
  readonly tokensOf: (config: LaunchConfig) => Promise<Tokens>;
  /** The store that is taken where nobody names one; without it, the one of this machine. */
  readonly ownStore?: { readonly url: string; readonly isPublic: boolean } | undefined;
  /** Told before runs are enqueued: they are nothing for a signal to end. */
  readonly onQueue?: () => void;
};
