/** codeOf: the code of a thrown value. */

/** The code of an error, such as `ECONNREFUSED`; undefined for what has none. */
export const codeOf = (error: unknown): string | undefined => {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}
