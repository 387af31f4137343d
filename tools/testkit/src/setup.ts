import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { runFileCleanup } from './cleanup.ts'
import { expectNoneLeaked, snapshot, warmUp } from './leaks.ts'
import type { Snapshot } from './leaks.ts'
import { Watchdog } from './watchdog.ts'

/** How long one test, or the hooks around the tests, may block; UDS_WATCHDOG_MS changes it. */
const LIMIT_MS = Number(process.env['UDS_WATCHDOG_MS'] ?? 30_000)
/** What a test may take beyond its own timeout, when that is longer. */
const MARGIN_MS = Number(process.env['UDS_WATCHDOG_MARGIN_MS'] ?? 10_000)

// The hooks have an id of their own: what runs between the tests is watched too.
const HOOKS = 'hooks'

let watchdog: Watchdog
let before: Snapshot

// vitest runs `beforeAll` in order of registration and `afterAll` in reverse: as the setup file comes first,
// its hooks enclose those of the test file.
beforeAll(async () => {
  watchdog = await Watchdog.start()
  await warmUp()
  before = snapshot()
  watchdog.watch(HOOKS, 'the hooks before the first test', LIMIT_MS * 2)
})

beforeEach(({ task }) => {
  watchdog.done(HOOKS)
  watchdog.watch(task.id, task.name, Math.max(LIMIT_MS, (task.timeout ?? 0) + MARGIN_MS))
})

afterEach(({ task }) => {
  watchdog.done(task.id)
  watchdog.watch(HOOKS, `the hooks after "${task.name}"`, LIMIT_MS * 2)
})

afterAll(async () => {
  try {
    await runFileCleanup()
    await expectNoneLeaked(before)
  } finally {
    await watchdog.stop()
  }
})
