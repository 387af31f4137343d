/** The address of a channel: channelAddress. */
import { SocketError } from '@uds/winsock-ffi'
import { namedPipes, pathBytes, temporary } from './platform.ts'

/** Where the two ends of a channel meet. */
export interface ChannelAddress {
  /** As `connect` and `listen` of `@uds/stream` take it. */
  readonly address: string
  /** The socket file; undefined where the channel is a named pipe. */
  readonly path: string | undefined
}

const invalid = (message: string, code = 'ERR_INVALID_ARG_VALUE'): TypeError =>
  Object.assign(new TypeError(message), { code })

const checkChannel = (channel: unknown): string => {
  if (typeof channel !== 'string') {
    throw invalid(`The channel must be a string, not ${typeof channel}`, 'ERR_INVALID_ARG_TYPE')
  }
  if (channel === '') throw invalid('The channel must not be empty')
  const shown = JSON.stringify(channel.slice(0, 60))
  if (/[\\/\0]/.test(channel)) {
    throw invalid(`The channel ${shown} is a part of a file name: it must not hold "/", "\\" or NUL`)
  }
  if (channel === '.' || channel === '..') throw invalid(`The channel ${shown} is no name of a file`)
  return channel
}

/**
 * The address of a channel, the same as in unixevents: `/tmp/<channel>.sock`, and on Windows the named pipe
 * `\\.\pipe\` + %TMP% + `\` + channel + `.sock`.
 *
 * @param directory - takes the place of /tmp or %TMP%.
 * @throws TypeError for a channel that is no name of a file; SocketError `ENAMETOOLONG` where the system takes no
 *   name as long.
 */
export const channelAddress = (channel: unknown, directory?: string): ChannelAddress => {
  const name = checkChannel(channel)
  const place = directory ?? temporary()
  if (/\0/.test(place)) throw invalid('The directory must not hold NUL')
  const path = namedPipes
    ? `\\\\.\\pipe\\${place}\\${name}.sock`
    : `${place.replace(/\/+$/, '')}/${name}.sock`
  const bytes = namedPipes ? path.length : Buffer.byteLength(path)
  if (bytes > pathBytes) {
    const detail = `the path of the channel has ${bytes} bytes, and the system takes ${pathBytes}`
    const address = path.length > 80 ? `${path.slice(0, 80)}...` : path
    throw new SocketError({
      code: 'ENAMETOOLONG',
      syscall: 'init',
      address,
      detail,
      advice: 'shorten its name',
    })
  }
  return namedPipes ? { address: path, path: undefined } : { address: `unix:${path}`, path }
}
