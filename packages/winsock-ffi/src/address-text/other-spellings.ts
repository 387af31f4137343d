/** How other programs write addresses, and what is written here instead. Only for messages: nothing is guessed. */

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const DBUS_KEY = /^(?:path|abstract|dir|tmpdir|runtime|guid)=/

/**
 * What the rest of a `unix:` address of D-Bus means here: `path=/run/user/1000/bus,guid=...` is `unix:/run/user/1000/bus`.
 * Undefined for what is no such address.
 *
 * @see https://dbus.freedesktop.org/doc/dbus-specification.html#addresses
 */
export const dbusMeant = (rest: string): string | undefined => {
  if (!DBUS_KEY.test(rest)) return undefined
  // Several addresses stand in a list with semicolons; the first is the preferred one.
  for (const pair of rest.split(';', 1)[0]!.split(',')) {
    const [key, value = ''] = pair.split('=', 2)
    if (key === 'path') return `unix:${decoded(value)}`
    if (key === 'abstract') return `unix:@${decoded(value)}`
  }
  return 'a path, as in unix:/run/user/1000/bus'
}

/** Schemes of URLs with a socket path as their host: axios, got and Python's requests-unixsocket write them so. */
const URL_OVER_UNIX = /^[a-z]+(?:\+unix|unix):\/\/([^/:]+)/i

/** What a text of an unknown scheme was probably to mean; undefined where nothing comes to mind. */
export const likelyMeant = (text: string, known: readonly string[]): string => {
  const overUnix = URL_OVER_UNIX.exec(text)
  if (overUnix)
    return `; a URL over a socket is two things here: the address unix:${decoded(overUnix[1]!)}, and the path`
  if (/^[^:]+:\d+$/.test(text)) return `; did you mean tcp:${text}?`
  const scheme = text.slice(0, text.indexOf(':')).toLowerCase()
  if (known.includes(scheme)) return `; schemes are written small: ${scheme}:`
  return `; a file whose name has a colon is written unix:./${text}`
}
