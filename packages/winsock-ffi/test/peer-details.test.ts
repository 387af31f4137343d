/** What Linux knows of a peer beyond pid, uid and gid; SO_PASSRIGHTS. */
import { readFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { codeOfCall, errorOf } from '@uds/testkit'
import { capabilities, sockets, type SocketHandle } from '@uds/winsock-ffi'

const { system, afUnix } = capabilities()

const pair = (): [SocketHandle, SocketHandle] => {
  const [a, b] = sockets.pair('stream')
  onTestFinished(() => [a, b].forEach((each) => each.close()))
  return [a, b]
}

/** What this kernel does not have is said by its number. */
const has = (call: () => { close(): void } | void): boolean => {
  try {
    call()?.close()
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOPROTOOPT' })
    return false
  }
}

describe.skipIf(system !== 'linux')('of a peer Linux knows', () => {
  test('its groups', () => {
    const [a] = pair()
    const [, groups = ''] =
      /^Groups:[ \t]*(.*?)[ \t]*$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    expect(sockets.peerGroups(a)).toEqual(groups.split(' ').filter(Boolean).map(Number))
    const alone = sockets.open('unix')
    onTestFinished(() => alone.close())
    expect(sockets.peerGroups(alone)).toEqual([])
  })

  test('its label, where a security module is active', () => {
    const [a] = pair()
    const label = sockets.peerLabel(a)
    let own: string | undefined
    try {
      own = readFileSync('/proc/self/attr/current', 'latin1').replace(/[\0\n]$/, '')
    } catch {
      // No module.
    }
    expect(label).toBe(own || undefined)
  })

  test('its process, by a descriptor', () => {
    const [a] = pair()
    if (!has(() => sockets.peerPidfd(a))) return
    const process_ = sockets.peerPidfd(a)
    onTestFinished(() => process_.close())
    expect(readFileSync(`/proc/self/fdinfo/${process_.fd}`, 'utf8')).toMatch(
      new RegExp(`^Pid:\\s+${process.pid}$`, 'm'),
    )
  })

  test('a socket without SO_PASSRIGHTS is sent no descriptors', () => {
    const [a, b] = pair()
    if (!has(() => sockets.setOption(b, 'SO_PASSRIGHTS', false))) return
    expect(sockets.getOption(b, 'SO_PASSRIGHTS')).toBe(false)
    const data = Buffer.from('x')
    expect(codeOfCall(() => sockets.sendMessage(a, { data, descriptors: [0] }))).toBe('EPERM')
    expect(sockets.sendMessage(a, { data })).toBe(1)
  })

  test('nothing over TCP', () => {
    const tcp = sockets.open('inet')
    onTestFinished(() => tcp.close())
    for (const call of ['peerGroups', 'peerLabel', 'peerPidfd'] as const)
      expect(codeOfCall(() => sockets[call](tcp))).toBe('ENOTSUP')
  })
})

test.skipIf(system === 'linux' || !afUnix)('another system says so', () => {
  const socket = sockets.open('unix')
  onTestFinished(() => socket.close())
  expect(errorOf(() => sockets.peerGroups(socket)).message).toContain('only Linux')
})
