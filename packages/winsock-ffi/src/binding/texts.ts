/** Texts as C has them, for backends that take memory. */

/** UTF-8 with a NUL at its end; null stays null. */
export const asUtf8 = (text: unknown): Buffer | null =>
  text === null ? null : Buffer.from(`${text as string}\0`, 'utf8')

/** UTF-16 with a NUL at its end, as Windows takes it; null stays null. */
export const asUtf16 = (text: unknown): Buffer | null =>
  text === null ? null : Buffer.from(`${text as string}\0`, 'utf16le')
