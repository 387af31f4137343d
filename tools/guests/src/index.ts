export { needsGuest, needsPython } from './needs.ts'
export type { GuestNeed, PythonNeed } from './needs.ts'
export type { PythonGuest } from './cpython/cpython.ts'
export type { GuestName } from './rows.ts'
