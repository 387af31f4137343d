/**
 * What the clones of one stream or listener have in common, in whichever thread they are: numbers in shared memory.
 * HANDLEs, SOCKETs and descriptors all fit into 32 bits (Windows promises it for handles:
 * https://learn.microsoft.com/windows/win32/winprog64/interprocess-communication).
 */
export const CELLS = 32

/** How many objects and tokens hold it; the last one closes it. */
export const REFERENCES = 0
/** 1 once a token was made: from then on other threads may hold it as well. */
export const TRAVELLED = 1
export const NONBLOCKING = 2
/** Bits of {@link ENDED_READ}, {@link ENDED_WRITE}, {@link BROKEN_WRITE}. */
export const STATUS = 3
/** The descriptor, SOCKET or HANDLE. */
export const HANDLE = 4
/** The SO_RCVTIMEO and SO_SNDTIMEO that the socket has, in ms; -1 for ever. One for each direction. */
export const KERNEL_TIMEOUT = 6
/** The timeout of each direction in ms; -1 for ever. */
export const TIMEOUT = 8
/** The lock of each direction; see direction-lock.ts. */
export const LOCK = 10
/** 1 while a call of the direction may have to be woken. */
export const BUSY = 12
/** The wake handle that a call of each direction waits for. */
export const WAKE = 14
/** For the named pipes: 16 to 31. */
export const DRIVER = 16

/** Reading, and accepting. */
export const READ = 0
export const WRITE = 1
export type Direction = typeof READ | typeof WRITE

export const ENDED_READ = 1
export const ENDED_WRITE = 2
/** A write was cut off at a place that nobody knows. */
export const BROKEN_WRITE = 4
/** The peer sent its end of stream (message mode). */
export const PEER_ENDED = 8
/** The peer closed with bytes of ours unread: remembered for takeError, as reading is at its end anyhow. */
export const RESET = 16
/** Another process has made the socket non-blocking, as was found out: calls wait in poll. */
export const NEVER_WAITS = 32
