/** onWindows: whether this is Windows. */
import { system } from '@uds/winsock-ffi/internal'

/** True on Windows, where named pipes are the natural local stream. */
export const onWindows: boolean = system === 'win32'
