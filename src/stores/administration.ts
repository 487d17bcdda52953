/*
 * What an admin does with a store as a whole, where it is a database: its tables are made, and roles may use them. A git store has
 * neither: who may push to its repository may use it.
 */
export const roleKinds = ["submitter", "agent", "admin"] as const;
export type RoleKind = (typeof roleKinds)[number];

/** The roles' usual names. */
export const defaultRoles: Readonly<Record<RoleKind, string>> = {
  submitter: "launch_submitter",
  agent: "launch_agent",
  admin: "launch_admin",
};

export type Grant = {
  readonly kind: RoleKind;
  /** The role that gets the rights; made where it is missing. */
  readonly role: string;
  /** Roles that become members of it: the logins of people and machines. */
  readonly members: readonly string[];
};

export type StoreState = {
  /** Of the tables; 0 when there are none, undefined when the login may not look at them. */
  readonly version: number | undefined;
  /** What this launch works with. */
  readonly needed: number;
  /** Whom the URL logs in as. */
  readonly login: string;
  /** What that login may do, by any role that it is a member of. */
  readonly may: readonly RoleKind[];
  /** Roles with rights, with their members. */
  readonly roles: readonly Grant[];
};

export interface StoreAdministration {
  inspect(signal: AbortSignal): Promise<StoreState>;
  /** Makes the tables, or brings them up. Roles that have rights get those of the new version. Returns the version before. */
  initialise(signal: AbortSignal): Promise<number>;
  /** The SQL that `initialise` would run; "" when nothing is missing. */
  initialisation(signal: AbortSignal): Promise<string>;
  /** The SQL of grants, for somebody to look at and run. */
  grantsSql(grants: readonly Grant[]): string;
  /** Gives rights, all or none. Running it again changes nothing. */
  grant(grants: readonly Grant[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
