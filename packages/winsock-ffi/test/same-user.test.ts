/** Who is the same user: by number, in user namespaces, and by SID. */
import { describe, expect, test } from 'vitest'
import { sockets, type PeerCredentials } from '@uds/winsock-ffi'
import {
  describePeer,
  isSameUser,
  serverDifference,
  system,
  thisProcess,
  whyNobodyIsSameUser,
} from '@uds/winsock-ffi/internal'
import { uidDifference } from '../src/identity/posix.ts'
import { mapsAllUsers, userNamespace } from '../src/identity/user-namespace.ts'
import { sidDifference } from '../src/identity/win32.ts'

const peer = (uid: number | undefined, ...[pid]: [pid?: 'unknown']): PeerCredentials => ({
  pid: pid === undefined ? 7 : undefined,
  uid,
  gid: uid,
  sid: undefined,
})
const bySid = (sid: string | undefined): PeerCredentials => ({ ...peer(undefined), sid })

const everywhere = { complete: true, overflowUid: 65_534 }
const remapped = { complete: false, overflowUid: 65_534 }

describe('on POSIX', () => {
  test('the same number is the same user, another one is not, and both are named', () => {
    expect(uidDifference(peer(1000), 1000, everywhere)).toBeUndefined()
    expect(uidDifference(peer(0), 1000, everywhere)).toBe(
      'runs as uid 0 (process 7), and this process as uid 1000',
    )
  })

  test('the overflow uid is a user like others only where every user has a number', () => {
    expect(uidDifference(peer(65_534), 65_534, everywhere)).toBeUndefined()
    expect(uidDifference(peer(65_534), 65_534, remapped)).toMatch(/stands for every user/)
    expect(uidDifference(peer(1000), 1000, remapped)).toBeUndefined()
    expect(uidDifference(peer(4711), 4711, { complete: false, overflowUid: 4711 })).toMatch(/stands for/)
  })

  test('what the system does not know is nobody', () => {
    expect(uidDifference(peer(undefined), 0, everywhere)).toMatch(/has no uid/)
    expect(uidDifference(peer(0, 'unknown'), 0, everywhere)).toMatch(/may mean unknown/)
    expect(uidDifference(peer(0), 0, everywhere)).toBeUndefined()
    expect(uidDifference(peer(1000, 'unknown'), 1000, everywhere)).toBeUndefined()
  })

  test.each([
    ['         0          0 4294967295\n', true],
    ['         0          0 2147483648\n2147483648 2147483648 2147483647\n', true],
    ['     65534       1000          1\n', false],
    ['         0     100000      65536\n', false],
    ['', false],
  ])('the map %j of a user namespace is complete: %s', (map, complete) => {
    expect(mapsAllUsers(map)).toBe(complete)
  })

  test('the namespace of this process is looked up', () => {
    expect(userNamespace().overflowUid).toBeGreaterThan(0)
  })
})

describe('on Windows', () => {
  test('the same SID is the same user, and no SID is nobody', () => {
    expect(sidDifference(bySid('S-1-5-21-1'), 'S-1-5-21-1')).toBeUndefined()
    expect(sidDifference(bySid('S-1-5-18'), 'S-1-5-21-1')).toBe(
      'runs as S-1-5-18 (process 7), and this process as S-1-5-21-1',
    )
    expect(sidDifference(bySid(undefined), 'S-1-5-21-1')).toMatch(/has no SID/)
  })
})

test('this process is the same user as itself', () => {
  expect(whyNobodyIsSameUser()).toBeUndefined()
  expect(isSameUser(thisProcess())).toBe(true)
  expect(serverDifference(thisProcess())).toBeUndefined()
  expect(describePeer(thisProcess())).toContain(`process ${process.pid}`)
  expect(describePeer(peer(undefined, 'unknown'))).toBe('a peer without credentials')
})

test.skipIf(system === 'win32')('a socket without a peer has no user', () => {
  using lone = sockets.open('unix', 'stream')
  const { uid } = sockets.peerCredentials(lone)
  expect(uid).toBeUndefined()
})
