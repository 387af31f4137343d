/** What a guest may not name on Windows: devices, streams of files, other drives. */
import { system } from '@uds/winsock-ffi/internal'
import { Failure } from '../../outcome/failure.ts'

/** https://learn.microsoft.com/windows/win32/fileio/naming-a-file */
// eslint-disable-next-line no-control-regex
const RESERVED = /[\\/:*?"<>|\u0000-\u001f]|[. ]$/u
const DEVICE = /^(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|COM[0-9¹²³]|LPT[0-9¹²³]) *(?:[.:]|$)/iu

/** Whether a name means something else than a file of that name to Windows. */
export const isReservedName = (name: string): boolean => RESERVED.test(name) || DEVICE.test(name)

/**
 * Fails for a name that would lead elsewhere.
 *
 * @throws Failure `EINVAL`
 */
export const expectHostName = (name: string): void => {
  if (system === 'win32' && isReservedName(name))
    throw new Failure('EINVAL', `Windows has no files named ${JSON.stringify(name)}`)
}
