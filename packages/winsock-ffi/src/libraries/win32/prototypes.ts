/**
 * Winsock and what it needs of kernel32 and advapi32, a row a call. The page of each is
 * https://learn.microsoft.com/windows/win32/api/HEADER/nf-HEADER-NAME with the header named above the rows and the name
 * in lower case, as https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsasocketw.
 */
import { bindTable, type Bound } from '../../binding/bind-table.ts'
import { advapi32Library, kernel32Library, ws2_32Library } from './dlls.ts'

/** winsock2.h */
export const winsockRows = {
  /** `int WSAStartup(WORD wVersionRequired, LPWSADATA lpWSAData)`: the result is itself the error */
  WSAStartup: { args: ['int', 'void *'], result: 'int', fails: 'nonzero' },
  /** `int WSACleanup()` */
  WSACleanup: { args: [], result: 'int', fails: 'negative' },
  /** `int WSAGetLastError()` */
  WSAGetLastError: { args: [], result: 'int', fails: 'never' },
  /** `SOCKET WSASocketW(int af, int type, int protocol, LPWSAPROTOCOL_INFOW info, GROUP g, DWORD dwFlags)` */
  WSASocketW: {
    args: ['int', 'int', 'int', 'void *', 'unsigned int', 'DWORD'],
    result: 'SOCKET',
    fails: 'negative',
  },
  /** `SOCKET socket(int af, int type, int protocol)` */
  socket: { args: ['int', 'int', 'int'], result: 'SOCKET', fails: 'negative' },
  /** `int bind(SOCKET s, const struct sockaddr *name, int namelen)` */
  bind: { args: ['SOCKET', 'void *', 'int'], result: 'int', fails: 'negative' },
  /** `int listen(SOCKET s, int backlog)` */
  listen: { args: ['SOCKET', 'int'], result: 'int', fails: 'negative' },
  /** `SOCKET accept(SOCKET s, struct sockaddr *addr, int *addrlen)` */
  accept: { args: ['SOCKET', 'void *', 'void *'], result: 'SOCKET', fails: 'negative' },
  /** `int connect(SOCKET s, const struct sockaddr *name, int namelen)` */
  connect: { args: ['SOCKET', 'void *', 'int'], result: 'int', fails: 'negative' },
  /** `int send(SOCKET s, const char *buf, int len, int flags)` */
  send: { args: ['SOCKET', 'void *', 'int', 'int'], result: 'int', fails: 'negative' },
  /** `int sendto(SOCKET s, const char *buf, int len, int flags, const struct sockaddr *to, int tolen)` */
  sendto: { args: ['SOCKET', 'void *', 'int', 'int', 'void *', 'int'], result: 'int', fails: 'negative' },
  /** `int recv(SOCKET s, char *buf, int len, int flags)` */
  recv: { args: ['SOCKET', 'void *', 'int', 'int'], result: 'int', fails: 'negative' },
  /** `int recvfrom(SOCKET s, char *buf, int len, int flags, struct sockaddr *from, int *fromlen)` */
  recvfrom: {
    args: ['SOCKET', 'void *', 'int', 'int', 'void *', 'void *'],
    result: 'int',
    fails: 'negative',
  },
  /** `int shutdown(SOCKET s, int how)` */
  shutdown: { args: ['SOCKET', 'int'], result: 'int', fails: 'negative' },
  /** `int closesocket(SOCKET s)` */
  closesocket: { args: ['SOCKET'], result: 'int', fails: 'negative' },
  /** `int ioctlsocket(SOCKET s, long cmd, u_long *argp)`; cmd is unsigned here, as FIONBIO has its top bit set */
  ioctlsocket: { args: ['SOCKET', 'u_long', 'void *'], result: 'int', fails: 'negative' },
  /** `int getsockopt(SOCKET s, int level, int optname, char *optval, int *optlen)` */
  getsockopt: { args: ['SOCKET', 'int', 'int', 'void *', 'void *'], result: 'int', fails: 'negative' },
  /** `int setsockopt(SOCKET s, int level, int optname, const char *optval, int optlen)` */
  setsockopt: { args: ['SOCKET', 'int', 'int', 'void *', 'int'], result: 'int', fails: 'negative' },
  /** `int getsockname(SOCKET s, struct sockaddr *name, int *namelen)` */
  getsockname: { args: ['SOCKET', 'void *', 'void *'], result: 'int', fails: 'negative' },
  /** `int getpeername(SOCKET s, struct sockaddr *name, int *namelen)` */
  getpeername: { args: ['SOCKET', 'void *', 'void *'], result: 'int', fails: 'negative' },
  /** `WSAEVENT WSACreateEvent()`: a manual-reset event, not signalled */
  WSACreateEvent: { args: [], result: 'HANDLE', fails: 'zero' },
  /** `BOOL WSASetEvent(WSAEVENT hEvent)` */
  WSASetEvent: { args: ['HANDLE'], result: 'BOOL', fails: 'zero' },
  /** `BOOL WSAResetEvent(WSAEVENT hEvent)` */
  WSAResetEvent: { args: ['HANDLE'], result: 'BOOL', fails: 'zero' },
  /** `BOOL WSACloseEvent(WSAEVENT hEvent)` */
  WSACloseEvent: { args: ['HANDLE'], result: 'BOOL', fails: 'zero' },
  /** `int WSAEventSelect(SOCKET s, WSAEVENT hEventObject, long lNetworkEvents)` */
  WSAEventSelect: { args: ['SOCKET', 'HANDLE', 'int'], result: 'int', fails: 'negative' },
  /** `int WSAEnumNetworkEvents(SOCKET s, WSAEVENT hEventObject, LPWSANETWORKEVENTS lpNetworkEvents)`: resets the event */
  WSAEnumNetworkEvents: { args: ['SOCKET', 'HANDLE', 'void *'], result: 'int', fails: 'negative' },
  /** `DWORD WSAWaitForMultipleEvents(DWORD cEvents, const WSAEVENT *lphEvents, BOOL fWaitAll, DWORD dwTimeout, BOOL fAlertable)` */
  WSAWaitForMultipleEvents: {
    args: ['DWORD', 'void *', 'BOOL', 'DWORD', 'BOOL'],
    result: 'DWORD',
    fails: 'WAIT_FAILED',
  },
  /** `int WSAPoll(LPWSAPOLLFD fdArray, ULONG fds, INT timeout)` */
  WSAPoll: { args: ['void *', 'u_long', 'int'], result: 'int', fails: 'negative' },
  /** `int WSAIoctl(SOCKET s, DWORD dwIoControlCode, LPVOID in, DWORD cbIn, LPVOID out, DWORD cbOut, LPDWORD lpcbBytesReturned, LPWSAOVERLAPPED, LPWSAOVERLAPPED_COMPLETION_ROUTINE)` */
  WSAIoctl: {
    args: ['SOCKET', 'DWORD', 'void *', 'DWORD', 'void *', 'DWORD', 'void *', 'void *', 'void *'],
    result: 'int',
    fails: 'negative',
  },
} as const

/** handleapi.h, processthreadsapi.h, fileapi.h, synchapi.h */
export const kernel32Rows = {
  /** `BOOL DeleteFileW(LPCWSTR lpFileName)` */
  DeleteFileW: { args: ['LPCWSTR'], result: 'BOOL', fails: 'zero' },
  /** `BOOL CloseHandle(HANDLE hObject)` */
  CloseHandle: { args: ['HANDLE'], result: 'BOOL', fails: 'zero' },
  /** `BOOL SetHandleInformation(HANDLE hObject, DWORD dwMask, DWORD dwFlags)` */
  SetHandleInformation: { args: ['HANDLE', 'DWORD', 'DWORD'], result: 'BOOL', fails: 'zero' },
  /** `HANDLE OpenProcess(DWORD dwDesiredAccess, BOOL bInheritHandle, DWORD dwProcessId)` */
  OpenProcess: { args: ['DWORD', 'BOOL', 'DWORD'], result: 'HANDLE', fails: 'zero' },
  /** `void Sleep(DWORD dwMilliseconds)` */
  Sleep: { args: ['DWORD'], result: 'void', fails: 'never' },
} as const

/** processthreadsapi.h, securitybaseapi.h, sddl.h */
export const advapi32Rows = {
  /** `BOOL OpenProcessToken(HANDLE ProcessHandle, DWORD DesiredAccess, PHANDLE TokenHandle)` */
  OpenProcessToken: { args: ['HANDLE', 'DWORD', 'void *'], result: 'BOOL', fails: 'zero' },
  /** `BOOL GetTokenInformation(HANDLE Token, TOKEN_INFORMATION_CLASS, LPVOID info, DWORD length, PDWORD returnLength)` */
  GetTokenInformation: {
    args: ['HANDLE', 'int', 'void *', 'DWORD', 'void *'],
    result: 'BOOL',
    fails: 'zero',
  },
} as const

/** The Winsock calls. `WSAStartup` is done by {@link ensureWsaStarted}, which `sockets` calls for you. */
export const winsock: Bound<typeof winsockRows> = bindTable(ws2_32Library, winsockRows)
export const kernel32: Bound<typeof kernel32Rows> = bindTable(kernel32Library, kernel32Rows)
export const advapi32: Bound<typeof advapi32Rows> = bindTable(advapi32Library, advapi32Rows)
