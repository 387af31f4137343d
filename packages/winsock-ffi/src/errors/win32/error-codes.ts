/**
 * What Windows calls a failure, and what Node calls it. Where libuv has a translation (src/win/error.c) it is the
 * same; libuv has none for the rows marked +, which Node shows as UNKNOWN.
 */
import { SocketError } from '../socket-error.ts'

/** One row: the name in winerror.h, and Node's code. */
export type ErrorRow = readonly [name: string, code: string]

/** Winsock errors (https://learn.microsoft.com/windows/win32/winsock/windows-sockets-error-codes-2). */
export const winsockErrors: Readonly<Record<number, ErrorRow>> = {
  10004: ['WSAEINTR', 'ECANCELED'],
  10009: ['WSAEBADF', 'EBADF'], // +
  10013: ['WSAEACCES', 'EACCES'],
  10014: ['WSAEFAULT', 'EFAULT'],
  10022: ['WSAEINVAL', 'EINVAL'],
  10024: ['WSAEMFILE', 'EMFILE'],
  10035: ['WSAEWOULDBLOCK', 'EAGAIN'],
  10036: ['WSAEINPROGRESS', 'EAGAIN'], // +
  10037: ['WSAEALREADY', 'EALREADY'],
  10038: ['WSAENOTSOCK', 'ENOTSOCK'],
  10039: ['WSAEDESTADDRREQ', 'EDESTADDRREQ'], // +
  10040: ['WSAEMSGSIZE', 'EMSGSIZE'],
  10041: ['WSAEPROTOTYPE', 'EPROTOTYPE'], // +
  10042: ['WSAENOPROTOOPT', 'ENOPROTOOPT'], // +
  10043: ['WSAEPROTONOSUPPORT', 'EPROTONOSUPPORT'],
  10044: ['WSAESOCKTNOSUPPORT', 'ESOCKTNOSUPPORT'],
  10045: ['WSAEOPNOTSUPP', 'ENOTSUP'], // +
  10046: ['WSAEPFNOSUPPORT', 'EINVAL'],
  10047: ['WSAEAFNOSUPPORT', 'EAFNOSUPPORT'],
  10048: ['WSAEADDRINUSE', 'EADDRINUSE'],
  10049: ['WSAEADDRNOTAVAIL', 'EADDRNOTAVAIL'],
  10050: ['WSAENETDOWN', 'ENETDOWN'], // +, and see socketError for AF_UNIX
  10051: ['WSAENETUNREACH', 'ENETUNREACH'],
  10052: ['WSAENETRESET', 'ECONNRESET'], // +
  10053: ['WSAECONNABORTED', 'ECONNABORTED'],
  10054: ['WSAECONNRESET', 'ECONNRESET'],
  10055: ['WSAENOBUFS', 'ENOBUFS'],
  10056: ['WSAEISCONN', 'EISCONN'],
  10057: ['WSAENOTCONN', 'ENOTCONN'],
  10058: ['WSAESHUTDOWN', 'EPIPE'],
  10060: ['WSAETIMEDOUT', 'ETIMEDOUT'],
  10061: ['WSAECONNREFUSED', 'ECONNREFUSED'],
  10063: ['WSAENAMETOOLONG', 'ENAMETOOLONG'], // +
  10065: ['WSAEHOSTUNREACH', 'EHOSTUNREACH'],
  10091: ['WSASYSNOTREADY', 'ENETDOWN'], // +
  10093: ['WSANOTINITIALISED', 'ENETDOWN'], // +
  10101: ['WSAEDISCON', 'ECONNRESET'], // +
}

/** Win32 errors (https://learn.microsoft.com/windows/win32/debug/system-error-codes). */
export const win32Errors: Readonly<Record<number, ErrorRow>> = {
  2: ['ERROR_FILE_NOT_FOUND', 'ENOENT'],
  3: ['ERROR_PATH_NOT_FOUND', 'ENOENT'],
  4: ['ERROR_TOO_MANY_OPEN_FILES', 'EMFILE'],
  5: ['ERROR_ACCESS_DENIED', 'EACCES'], // libuv says EPERM; what denies here is an ACL
  6: ['ERROR_INVALID_HANDLE', 'EBADF'],
  8: ['ERROR_NOT_ENOUGH_MEMORY', 'ENOMEM'],
  14: ['ERROR_OUTOFMEMORY', 'ENOMEM'],
  32: ['ERROR_SHARING_VIOLATION', 'EBUSY'],
  33: ['ERROR_LOCK_VIOLATION', 'EBUSY'],
  38: ['ERROR_HANDLE_EOF', 'EOF'], // +
  50: ['ERROR_NOT_SUPPORTED', 'ENOTSUP'],
  53: ['ERROR_BAD_NETPATH', 'ENOENT'], // +
  64: ['ERROR_NETNAME_DELETED', 'ECONNRESET'],
  80: ['ERROR_FILE_EXISTS', 'EEXIST'],
  87: ['ERROR_INVALID_PARAMETER', 'EINVAL'],
  109: ['ERROR_BROKEN_PIPE', 'EPIPE'],
  120: ['ERROR_CALL_NOT_IMPLEMENTED', 'ENOTSUP'], // +
  121: ['ERROR_SEM_TIMEOUT', 'ETIMEDOUT'],
  122: ['ERROR_INSUFFICIENT_BUFFER', 'EINVAL'],
  123: ['ERROR_INVALID_NAME', 'EINVAL'], // libuv says ENOENT
  127: ['ERROR_PROC_NOT_FOUND', 'ENOTSUP'], // +
  161: ['ERROR_BAD_PATHNAME', 'ENOENT'],
  183: ['ERROR_ALREADY_EXISTS', 'EEXIST'],
  206: ['ERROR_FILENAME_EXCED_RANGE', 'ENAMETOOLONG'],
  230: ['ERROR_BAD_PIPE', 'EPIPE'],
  231: ['ERROR_PIPE_BUSY', 'EBUSY'],
  232: ['ERROR_NO_DATA', 'EPIPE'],
  233: ['ERROR_PIPE_NOT_CONNECTED', 'EPIPE'],
  234: ['ERROR_MORE_DATA', 'EMSGSIZE'], // +
  258: ['WAIT_TIMEOUT', 'ETIMEDOUT'], // +
  267: ['ERROR_DIRECTORY', 'ENOENT'],
  535: ['ERROR_PIPE_CONNECTED', 'EISCONN'], // +
  536: ['ERROR_PIPE_LISTENING', 'EAGAIN'], // +
  995: ['ERROR_OPERATION_ABORTED', 'ECANCELED'],
  996: ['ERROR_IO_INCOMPLETE', 'EAGAIN'], // +
  997: ['ERROR_IO_PENDING', 'EAGAIN'], // +
  998: ['ERROR_NOACCESS', 'EFAULT'],
  1168: ['ERROR_NOT_FOUND', 'ENOENT'], // +
  1225: ['ERROR_CONNECTION_REFUSED', 'ECONNREFUSED'],
  1227: ['ERROR_ADDRESS_ALREADY_ASSOCIATED', 'EADDRINUSE'],
  1236: ['ERROR_CONNECTION_ABORTED', 'ECONNABORTED'],
  1307: ['ERROR_INVALID_OWNER', 'EPERM'], // +
  1314: ['ERROR_PRIVILEGE_NOT_HELD', 'EPERM'],
  1336: ['ERROR_INVALID_ACL', 'EINVAL'], // +
  1337: ['ERROR_INVALID_SID', 'EINVAL'], // +
  1368: ['ERROR_CANNOT_IMPERSONATE', 'EPERM'], // +
  1450: ['ERROR_NO_SYSTEM_RESOURCES', 'ENOBUFS'], // +
  1464: ['ERROR_SYMLINK_NOT_SUPPORTED', 'EINVAL'],
  1816: ['ERROR_NOT_ENOUGH_QUOTA', 'ENOBUFS'], // +
  1920: ['ERROR_CANT_ACCESS_FILE', 'EACCES'],
  2250: ['ERROR_NOT_CONNECTED', 'ENOTCONN'],
  4390: ['ERROR_NOT_A_REPARSE_POINT', 'EINVAL'], // +
}

/** The name and Node's code of a number, whichever of the two kinds it is. */
export const errorRow = (nativeCode: number): ErrorRow =>
  winsockErrors[nativeCode] ?? win32Errors[nativeCode] ?? [`error ${nativeCode}`, 'UNKNOWN']

/** The error for a failed call of any DLL. */
export const systemError = (nativeCode: number, syscall: string): SocketError => {
  const [name, code] = errorRow(nativeCode)
  return new SocketError({
    code,
    syscall,
    nativeCode,
    ...(code === 'UNKNOWN' && {
      detail: `the system said ${name}; "net helpmsg ${nativeCode}" in a console explains it`,
    }),
  })
}
