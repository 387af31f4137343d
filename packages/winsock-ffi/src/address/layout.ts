/** layout: how the socket addresses of this system lie in memory. */
import { system } from '../system.ts'
import { darwinLayout, linuxLayout, windowsLayout, type SockaddrLayout } from './sockaddr.ts'

/** The layout of the socket addresses of this system. */
export const layout: SockaddrLayout =
  system === 'win32' ? windowsLayout : system === 'darwin' ? darwinLayout : linuxLayout
