/** Every dashboard that ships, by the name of its file. */
export const DASHBOARDS: readonly { readonly file: string; readonly dashboard: unknown }[] = [];
