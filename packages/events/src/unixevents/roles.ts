/** Both roles, in one file that is loaded when a linker is opened. */
export { ClientRole } from './client-role.ts'
export { ServerRole } from './server-role.ts'
