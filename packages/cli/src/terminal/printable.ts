/** Text of others, such as names of sockets and messages of servers, in a form that a terminal shows as it is. */

/** Control, format, private and unassigned characters, line separators, lone surrogates, and the escape character. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}]/gu

const escapes: Readonly<Record<string, string | undefined>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

const escapeOne = (char: string): string => {
  const point = char.codePointAt(0) ?? 0
  const hex = point.toString(16)
  return escapes[char] ?? (point < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`)
}

/** Escapes all that a terminal would obey or hide: `\n`, `\x1b`, `\u{202e}`. A backslash is doubled, so that none is forged. */
export const printable = (text: string): string =>
  text.replaceAll('\\', '\\\\').replace(UNPRINTABLE, escapeOne)

/** As {@link printable}, for messages: line ends and backslashes stay. */
export const printableLines = (text: string): string =>
  text.replace(UNPRINTABLE, (char) => (char === '\n' ? char : escapeOne(char)))

/** JSON on one line, in which JSON.stringify leaves control characters above U+007E as they are. */
export const printableJson = (value: unknown): string =>
  JSON.stringify(value).replace(UNPRINTABLE, (char) =>
    [...Array(char.length).keys()]
      .map((at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  )
