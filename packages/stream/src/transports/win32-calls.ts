/** The calls of Windows by which it connects and listens, in one file that is loaded when it is needed. */
export { connectPipe } from '../named-pipe/connect.ts'
export { listenPipe } from '../named-pipe/listen.ts'
export { connectUnix } from '../unix-socket/win32/connect.ts'
export { listenUnix } from '../unix-socket/win32/listen.ts'
