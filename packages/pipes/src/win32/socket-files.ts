import type { SocketFiles } from '../unix/socket-files.ts'
import { findFile, mayBeSocket } from './found-file.ts'

export const socketFiles: SocketFiles = {
  isSocket: (path) => {
    const found = findFile(path)
    return found !== undefined && mayBeSocket(found)
  },
  identityOf: (path) => {
    try {
      return findFile(path)?.written.toString()
    } catch {
      return undefined
    }
  },
}
