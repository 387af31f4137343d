/**
 * unixevents, wire-exact: the class as the default export, and as the result of `require`.
 *
 * @packageDocumentation
 */
import { Linker } from './linker.ts'

export { Linker, Linker as UnixEvents, Linker as default } from './linker.ts'
export { Role } from './role.ts'
export type { LinkerCloseOptions, SendCallback } from './linker.ts'
export type { LinkerOptions, Upgrade } from './options.ts'
export type { PayloadMode } from './frames/payload.ts'
export type { EventListener } from './receivers.ts'

/** The same as `Linker.createServer`. */
export const createServer: typeof Linker.createServer = Linker.createServer
/** The same as `Linker.createClient`. */
export const createClient: typeof Linker.createClient = Linker.createClient

// The result of require() of an ES module: https://nodejs.org/api/modules.html#loading-ecmascript-modules-using-require
export { Linker as 'module.exports' } from './linker.ts'
