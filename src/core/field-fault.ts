/** A fault at a field of a plug-in's own config, by its path in it. */
export type FieldFault = { readonly field: string; readonly message: string };
