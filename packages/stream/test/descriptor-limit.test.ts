import { closeSync, openSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { capabilities } from '@uds/winsock-ffi'
import { arePlenty, areScarce } from '../src/descriptors/scarcity.ts'
import { onPosix } from './support.ts'

describe.skipIf(!onPosix)('how many descriptors are left', () => {
  test('plenty in a process that has hardly any open, and few for one with a number near the limit', () => {
    expect(arePlenty()).toBe(true)
    const fd = openSync('/dev/null', 'r')
    expect(areScarce(fd)).toBe(false)
    closeSync(fd)
    // Elsewhere there may be no limit.
    if (capabilities().system === 'linux') expect(areScarce(2 ** 30)).toBe(true)
  })
})
