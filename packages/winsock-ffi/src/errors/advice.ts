/** What the reader of an error can do, for the failures that everybody meets: one table for all systems. */
const advice: Readonly<Record<string, string>> = {
  'connect ECONNREFUSED':
    'nobody is listening there: start the server first; if it crashed, this is its stale socket file, which the next server may remove',
  'connect ENOENT': 'there is no such socket file: is the path right, and the server started?',
  'connect EACCES':
    'connecting needs write permission on the socket file and search permission on its directory',
  'connect EPROTOTYPE': 'the server there has another socket type: stream, datagram and seqpacket do not mix',
  'connect EAGAIN': 'the backlog of the server is full: try again, or set timeoutMs to wait',
  'connect EISCONN': 'open a new socket for a new connection',
  'bind EADDRINUSE':
    'the path exists: a server may be listening there, or a file is left from one that crashed; connect says which (ECONNREFUSED = stale, may be removed)',
  'bind ENOENT': 'the directory of the socket file does not exist: create it first',
  'bind ENOTDIR': 'a part of the path is a file, not a directory',
  'bind EACCES': 'creating the socket file needs write permission on its directory',
  'bind EPERM':
    'the file system there has no sockets, as some that hold devices, or shares of another system: use another directory',
  'bind EROFS': 'the file system is mounted read-only: a server needs a directory that it may write',
  'bind EINVAL': 'is the socket bound already, or the address of another family?',
  'bind EADDRNOTAVAIL': 'this machine has no such IP address',
  'unlink EPERM':
    'the file belongs to another user, in a directory where each user removes only the own files (sticky, as /tmp): that user or root can remove it',
  'unlink EACCES': 'removing the socket file needs write permission on its directory',
  'unlink EROFS': 'the file system is mounted read-only',
  'chmod EPERM': 'only its owner and root may change the mode of a file',
  'send EPIPE': 'the peer has closed the connection, or this end was shut down for writing',
  'send ECONNRESET': 'the peer closed the connection without reading all that was sent',
  'send EMSGSIZE': 'the datagram is larger than SO_SNDBUF allows',
  'send ENOENT': 'there is no such socket file: is the path right, and the receiver started?',
  'send ECONNREFUSED': 'nobody receives there: start the receiver first, or again',
  'send EDESTADDRREQ': 'the socket is not connected: connect it or name the destination',
  'send ENOTCONN': 'connect the socket first',
  'recv ENOTCONN': 'connect the socket first',
  'recv ECONNRESET': 'the peer closed the connection without reading all that was sent',
  'getpeername ENOTCONN': 'the socket is not connected',
  'socket EAFNOSUPPORT':
    'AF_UNIX needs Windows 10 1803, Windows Server 2019 or later, and has streams only there',
  'socket EMFILE': 'this process has too many open handles: close some, or raise "ulimit -n"',
  'accept EMFILE': 'this process has too many open handles: close some, or raise "ulimit -n"',
}

const sameFor: Readonly<Record<string, string>> = {
  sendmsg: 'send',
  sendto: 'send',
  recvmsg: 'recv',
  recvfrom: 'recv',
}

/** A part of a path that a shell would have replaced by a home directory. */
const TILDE = /^unix:(?:.*[\\/])?~[\w.-]*[\\/]/

/** The advice for a failure; undefined where there is nothing to add to the text of the code. */
export const adviceFor = (code: string, syscall: string, address: string | undefined): string | undefined => {
  // What is said of files helps nobody with an IP address or an abstract name.
  const file = address === undefined || /^unix:(?!@)/.test(address)
  if (!file && (code === 'ENOENT' || (syscall === 'bind' && code === 'EADDRINUSE'))) return undefined
  if (code === 'ENOENT' && address !== undefined && TILDE.test(address))
    return 'a ~ in a path is not expanded here: write the home directory (os.homedir(), $HOME)'
  if (!file && syscall === 'connect' && code === 'ECONNREFUSED') return 'nobody is listening there'
  return advice[`${sameFor[syscall] ?? syscall} ${code}`]
}
