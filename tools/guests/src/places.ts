import { join } from 'node:path'

/** This package. */
export const HERE: string = join(import.meta.dirname, '..')

/** The sources that a guest compiles in. */
export const GUEST_KIT: string = join(HERE, '../../packages/wasi-host/guest')
