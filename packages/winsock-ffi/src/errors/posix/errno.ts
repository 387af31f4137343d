/** errnoCode: the name of an errno of Linux or macOS. */
import { constants } from 'node:os'

// An import of `node:util` makes pipes 0 to 2 non-blocking: it reads process.stderr (nodejs/node `lib/internal/util/colors.js`).
const { getSystemErrorMap } = process.getBuiltinModule('node:util')

let codes: Map<number, string> | undefined

/**
 * The name of an errno of this system, as Node spells it. Node's own table comes first (it calls EOPNOTSUPP ENOTSUP,
 * and EWOULDBLOCK EAGAIN); what it leaves out is taken from the system's errno.h.
 */
export const errnoCode = (errno: number): string => {
  if (!codes) {
    codes = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name] as const))
    for (const [number, [name]] of getSystemErrorMap()) codes.set(-number, name)
  }
  return codes.get(errno) ?? 'UNKNOWN'
}
