/**
 * Abstract names in text: `\0` stands for a NUL and `\\` for a backslash, so that a name that is padded with NULs
 * (unix(7): "null bytes in the name have no special significance") can be printed and read back.
 */
export const escapeAbstractName = (name: string): string =>
  name.includes('\\') || name.includes('\0')
    ? name.replace(/[\\\0]/g, (each) => (each === '\0' ? '\\0' : '\\\\'))
    : name

/** A backslash before anything else stands for itself. */
export const unescapeAbstractName = (text: string): string =>
  text.includes('\\') ? text.replace(/\\([\\0])/g, (_, each: string) => (each === '0' ? '\0' : '\\')) : text
