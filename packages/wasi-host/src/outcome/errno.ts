/** The two sets of errno numbers that guests know, by the codes that Node uses. */

/** Which numbers the guest gets: those of WASI, or those of Linux as the original zig-wasm-cpython returns them. */
export type ErrnoStyle = 'wasi' | 'linux'

/**
 * The numbers of WASI preview 1.
 *
 * @see https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#errno
 */
export const wasiErrno: Readonly<Record<string, number>> = {
  E2BIG: 1,
  EACCES: 2,
  EADDRINUSE: 3,
  EADDRNOTAVAIL: 4,
  EAFNOSUPPORT: 5,
  EAGAIN: 6,
  EALREADY: 7,
  EBADF: 8,
  EBADMSG: 9,
  EBUSY: 10,
  ECANCELED: 11,
  ECHILD: 12,
  ECONNABORTED: 13,
  ECONNREFUSED: 14,
  ECONNRESET: 15,
  EDEADLK: 16,
  EDESTADDRREQ: 17,
  EDOM: 18,
  EDQUOT: 19,
  EEXIST: 20,
  EFAULT: 21,
  EFBIG: 22,
  EHOSTUNREACH: 23,
  EIDRM: 24,
  EILSEQ: 25,
  EINPROGRESS: 26,
  EINTR: 27,
  EINVAL: 28,
  EIO: 29,
  EISCONN: 30,
  EISDIR: 31,
  ELOOP: 32,
  EMFILE: 33,
  EMLINK: 34,
  EMSGSIZE: 35,
  EMULTIHOP: 36,
  ENAMETOOLONG: 37,
  ENETDOWN: 38,
  ENETRESET: 39,
  ENETUNREACH: 40,
  ENFILE: 41,
  ENOBUFS: 42,
  ENODEV: 43,
  ENOENT: 44,
  ENOEXEC: 45,
  ENOLCK: 46,
  ENOLINK: 47,
  ENOMEM: 48,
  ENOMSG: 49,
  ENOPROTOOPT: 50,
  ENOSPC: 51,
  ENOSYS: 52,
  ENOTCONN: 53,
  ENOTDIR: 54,
  ENOTEMPTY: 55,
  ENOTRECOVERABLE: 56,
  ENOTSOCK: 57,
  ENOTSUP: 58,
  ENOTTY: 59,
  ENXIO: 60,
  EOVERFLOW: 61,
  EOWNERDEAD: 62,
  EPERM: 63,
  EPIPE: 64,
  EPROTO: 65,
  EPROTONOSUPPORT: 66,
  EPROTOTYPE: 67,
  ERANGE: 68,
  EROFS: 69,
  ESPIPE: 70,
  ESRCH: 71,
  ESTALE: 72,
  ETIMEDOUT: 73,
  ETXTBSY: 74,
  EXDEV: 75,
  ENOTCAPABLE: 76,
  // WASIX goes on from here: 77 is a shutdown, this one a pointer that leaves the memory.
  EMEMVIOLATION: 78,
}

/**
 * The numbers of Linux on x86-64 and arm64 that zig-wasm-cpython returns. What it has no number for is 22 there, and
 * here as well.
 *
 * @see asm-generic/errno.h
 */
export const linuxErrno: Readonly<Record<string, number>> = {
  EBADF: 9,
  EAGAIN: 11,
  EACCES: 13,
  EINVAL: 22,
  EMFILE: 24,
  EPIPE: 32,
  EPROTOTYPE: 91,
  ENOTSUP: 95,
  EAFNOSUPPORT: 97,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
}

/**
 * Codes of Node that no errno table has: those of name resolution (dns.lookup returns getaddrinfo's, dns.resolve those
 * of c-ares), of TLS, and of Node's own argument checks.
 */
const aliases: Readonly<Record<string, string>> = {
  ENOTFOUND: 'ENOENT',
  ENODATA: 'ENOENT',
  EAI_NONAME: 'ENOENT',
  EAI_AGAIN: 'EAGAIN',
  EAI_MEMORY: 'ENOMEM',
  EHOSTDOWN: 'EHOSTUNREACH',
  EOPNOTSUPP: 'ENOTSUP',
  ESOCKTNOSUPPORT: 'EPROTOTYPE',
  ERR_STREAM_DESTROYED: 'EPIPE',
  ERR_STREAM_WRITE_AFTER_END: 'EPIPE',
  ERR_SOCKET_CLOSED: 'EPIPE',
  ERR_SOCKET_BAD_PORT: 'EINVAL',
  ERR_INVALID_ARG_VALUE: 'EINVAL',
  ERR_INVALID_ARG_TYPE: 'EINVAL',
  ERR_OUT_OF_RANGE: 'EINVAL',
  ERR_SOCKET_DGRAM_NOT_CONNECTED: 'ENOTCONN',
  ERR_SOCKET_DGRAM_IS_CONNECTED: 'EISCONN',
}

/** The number of a code. An unknown code is EIO in WASI, and 22 in Linux' numbers, as at zig-wasm-cpython. */
export const errnoOf = (code: string, style: ErrnoStyle): number => {
  const known = aliases[code] ?? code
  return style === 'wasi'
    ? (wasiErrno[known] ?? wasiErrno['EIO']!)
    : (linuxErrno[known] ?? linuxErrno['EINVAL']!)
}
