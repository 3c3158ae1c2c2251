/** Made when it is first asked for, and then the same. */
export function once<T>(make: () => T): () => T {
  let found: { readonly value: T } | null = null;
  return () => (found ??= { value: make() }).value;
}
