/** A cloud, as people call it. */
export type Cloud = "AWS" | "Azure" | "Google Cloud";

/** What others need to know of an environment, without loading its plug-in. */
export type EnvironmentTraits = { readonly cloud: Cloud };

/** Where in a cloud something is. */
export type CloudPlace = { readonly cloud: Cloud; readonly region: string | undefined };
