import { sidOfProcess } from '@uds/winsock-ffi'

/** All users share the names of pipes, so the user's own identifier becomes a part of the name. */
export const place = (name: string): string => `\\\\.\\pipe\\uds-${sidOfProcess(process.pid)}-${name}`
