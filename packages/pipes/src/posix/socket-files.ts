import { lstatSync } from 'node:fs'
import type { SocketFiles } from '../unix/socket-files.ts'

export const socketFiles: SocketFiles = {
  isSocket: (path) => lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false,
  identityOf: (path) => {
    try {
      const { dev, ino, ctimeNs } = lstatSync(path, { bigint: true })
      return `${dev}:${ino}:${ctimeNs}`
    } catch {
      return undefined
    }
  },
}
