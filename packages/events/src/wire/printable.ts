/** What other programs sent, in a form that a terminal or a log shows as it is. */

/** Control and format characters, line separators, lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

const escapeOne = (char: string): string => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`

/** Escapes what a terminal would obey or hide, and line ends, with which a peer could forge a line of a log: `\u{1b}`. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escapeOne)
