/** Where a channel is on each system. */
import { tmpdir } from 'node:os'
import { system, type System } from '@uds/winsock-ffi/internal'

/** What a channel is on a system. */
interface Place {
  readonly namedPipes: boolean
  readonly pathBytes: number
  readonly canSeeUnread: boolean
  temporary(): string
}

// /tmp whatever TMPDIR says. sun_path has 104 bytes on macOS and the BSDs (unix(4)), its closing NUL among them.
const posix: Place = { namedPipes: false, pathBytes: 103, canSeeUnread: false, temporary: () => '/tmp' }

/** What is not here is as macOS. */
const places: Partial<Record<System, Place>> = {
  // 108 bytes (unix(7)).
  linux: { ...posix, pathBytes: 107, canSeeUnread: true },
  // The name of a pipe has 256 characters: https://learn.microsoft.com/windows/win32/ipc/pipe-names
  win32: {
    namedPipes: true,
    pathBytes: 256,
    canSeeUnread: false,
    temporary: () => process.env['TMP'] ?? tmpdir(),
  },
}

const place = places[system] ?? posix

/** Channels are named pipes, where unixevents uses them. */
export const namedPipes: boolean = place.namedPipes

/** The longest path of a channel. */
export const pathBytes: number = place.pathBytes

/** Where unixevents puts its sockets: /tmp, and %TMP% on Windows. */
export const temporary = (): string => place.temporary()

/** The system counts the bytes that a peer has not read. */
export const canSeeUnread: boolean = place.canSeeUnread
