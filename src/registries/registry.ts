/** A login for a registry host; `expiresAt` when it ends by itself. */
export type PullCredential = {
  readonly host: string;
  readonly username: string;
  readonly password: string;
  readonly expiresAt: Date | undefined;
};

export interface Registry {
  /** Repository (with host, without tag) for an image of this name. */
  repositoryFor(imageName: string): string;
  /** A fresh login to push and pull with; undefined means what Docker has on this machine. */
  credential(signal: AbortSignal): Promise<PullCredential | undefined>;
}

export type RegistryPlugin<Config> = { readonly create: (config: Config) => Registry };
