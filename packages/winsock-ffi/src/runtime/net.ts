/** node:net, loaded when it is first used. */
import type * as Net from 'node:net'

/** An import of a package that makes no connection does not pay for the modules behind `net`. */
export const net = (): typeof Net => process.getBuiltinModule('node:net')
