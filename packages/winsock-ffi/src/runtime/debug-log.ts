/** NODE_DEBUG. */
import { runtime } from './runtime.ts'

// An import of `node:util` makes pipes 0 to 2 non-blocking: it reads process.stderr (nodejs/node `lib/internal/util/colors.js`).
const { debuglog } = process.getBuiltinModule('node:util')

/** What `util.debuglog` returns. */
export interface DebugLog {
  (text: string, ...values: unknown[]): void
  /** Whether NODE_DEBUG asks for it. */
  readonly enabled: boolean
}

/** A list with commas; each may have stars: https://nodejs.org/api/util.html#utildebuglogsection-callback */
const isAskedFor = (section: string): boolean =>
  (process.env['NODE_DEBUG'] ?? '').split(',').some((each) =>
    new RegExp(
      `^${each
        .trim()
        .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*')}$`,
      'i',
    ).test(section),
  )

/** `util.debuglog`, whose result has no `enabled` in Bun 1.4. */
export const debugLog = (section: string): DebugLog =>
  runtime.name === 'bun'
    ? Object.assign((text: string, ...values: unknown[]) => debuglog(section)(text, ...values), {
        enabled: isAskedFor(section),
      })
    : debuglog(section)
