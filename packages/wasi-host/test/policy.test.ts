import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOfCall, tempDir } from '@uds/testkit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WasiHost } from '../src/index.ts'
import { Failure, Stopped } from '../src/outcome/failure.ts'
import { absolutePath, parsePattern, type Access } from '../src/policy/pattern.ts'
import { Permissions, type Decision } from '../src/policy/permissions.ts'

const refusal: unknown = expect.objectContaining({ code: 'EACCES' })

const tcp = (host: string, port: number): Access => ({ protocol: 'tcp', hosts: [host], port })
/** As the host reads it: a path of the guest is absolute for this system, drive and all. */
const path = (value: string): Access => ({
  protocol: 'unix',
  path: value.startsWith('@') ? value : absolutePath(value),
})

describe('patterns', () => {
  test.each<[string, Access, boolean]>([
    ['example.com:80', tcp('example.com', 80), true],
    ['EXAMPLE.com:80', tcp('example.com', 80), true],
    ['example.com:80', tcp('example.com', 81), false],
    ['example.com:80', tcp('notexample.com', 80), false],
    ['*.example.com:443', tcp('a.example.com', 443), true],
    ['*.example.com:443', tcp('example.com', 443), false],
    ['*.example.com:443', tcp('evilexample.com', 443), false],
    ['127.0.0.1:8000-8999', tcp('127.0.0.1', 8500), true],
    ['127.0.0.1:8000-8999', tcp('127.0.0.1', 9000), false],
    ['10.0.0.0/8:*', tcp('10.200.3.4', 1), true],
    ['10.0.0.0/8:*', tcp('11.0.0.1', 1), false],
    ['10.0.0.0/8:*', tcp('10.example.com', 1), false],
    ['[::1]:80', tcp('::1', 80), true],
    ['[0:0:0:0:0:0:0:1]:80', tcp('::1', 80), true],
    ['[fd00::/8]:80', tcp('fd12::1', 80), true],
    ['*:53', tcp('whatever', 53), true],
    ['udp:*:53', tcp('whatever', 53), false],
    ['udp:*:53', { protocol: 'udp', hosts: ['1.2.3.4'], port: 53 }, true],
    ['unix:*', path('/run/x'), true],
    ['unix:/run/x', path('/run/x'), true],
    ['unix:/run/x', path('/run/xy'), false],
    ['unix:@name', path('\0name'), true],
    ['unix:@name', path('@name'), false],
    ['unix:@app-*', path('\0app-1'), true],
    ['*', path('/run/x'), true],
  ])('%s and what it matches', (pattern, wish, matches) => {
    expect(parsePattern(pattern, 'test').matches(wish)).toBe(matches)
  })

  test('a wildcard of paths does not lead out of its directory: not by dots, not by links', () => {
    const directory = tempDir()
    const allowed = join(directory, 'app')
    mkdirSync(allowed)
    writeFileSync(join(directory, 'secret'), '')
    writeFileSync(join(allowed, 'inside'), '')
    const pattern = parsePattern(`unix:${join(allowed, '*')}`, 'test')
    expect(pattern.matches(path(join(allowed, 'inside')))).toBe(true)
    expect(pattern.matches(path(join(allowed, 'new')))).toBe(true)
    expect(pattern.matches(path(join(directory, 'secret')))).toBe(false)
    expect(pattern.matches(path(`${directory}-app`))).toBe(false)
    symlinkSync(join(directory, 'secret'), join(allowed, 'link'))
    // Wine makes links that its programs see only in part; there is nothing to follow there.
    let followed = false
    try {
      followed = realpathSync(join(allowed, 'link')) === realpathSync(join(directory, 'secret'))
    } catch {}
    expect(pattern.matches(path(join(allowed, 'link')))).toBe(!followed)
  })

  test.each([
    'example.com',
    'example.com:99999',
    'a b:80',
    '::1:80',
    '1.2.3.0/40:80',
    'unix:',
    'host:9-1',
    '',
  ])('%j is refused when the host is made, with what it should be', (rule) => {
    expect(() => new WasiHost({ sockets: { allow: [`connect:${rule}`] } })).toThrow(/sockets\.allow/)
  })

  test('a rule or an option that nobody knows is refused, with those that there are', () => {
    expect(() => new WasiHost({ sockets: { allow: ['dial:x:1'] } })).toThrow(
      /must begin with connect:, bind:, resolve:/,
    )
    expect(() => new WasiHost({ socket: {} } as never)).toThrow(
      /: the option socket does not exist \(there is args, /,
    )
    expect(() => new WasiHost({ sockets: { alow: [] } } as never)).toThrow(/: the option sockets\.alow does/)
    expect(() => new WasiHost({ sockets: { route: { 'a:1': 'ftp:x' } } })).toThrow(/must be unix:PATH/)
    expect(() => new WasiHost({ abi: 'posix' as never })).toThrow(/must be one of auto, preview1, zig/)
    expect(() => new WasiHost({ sockets: { quotas: { sockets: -1 } } })).toThrow(/0 or more/)
  })

  test('a misspelt option of run and instantiate is refused, before the guest is read', async () => {
    const host = new WasiHost({})
    const options = { signall: AbortSignal.abort() } as never
    for (const call of [host.run('missing.wasm', options), host.instantiate('missing.wasm', options)])
      await expect(call).rejects.toMatchObject({
        code: 'ERR_INVALID_ARG_VALUE',
        message: expect.stringMatching(/^run: the option signall does not exist .*did you mean signal\?$/),
      })
  })

  test.each([
    ['tcp:a:65536', 'ERR_OUT_OF_RANGE'],
    ['tls:a', 'ERR_INVALID_ARG_VALUE'],
    ['unix:/run/a\0b', 'ERR_INVALID_ARG_VALUE'],
    [`pipe:${'é'.repeat(300)}`, 'ERR_INVALID_ARG_VALUE'],
    ['name:a/b', 'ERR_INVALID_ARG_VALUE'],
    ['fd:x', 'ERR_INVALID_ARG_VALUE'],
  ])('no route leads to %j: that is said when the host is made', (to, code) => {
    expect(codeOfCall(() => new WasiHost({ sockets: { route: { 'a:1': to } } }))).toBe(code)
  })

  test('what was not allowed by its own name or address never is', () => {
    const permissions = new Permissions(
      { allow: ['connect:127.0.0.1:80', 'connect:unix:/run/a'], routes: [] },
      () => {},
    )
    fc.assert(
      fc.property(fc.ipV4(), fc.nat(65_535), (host, port) => {
        fc.pre(host !== '127.0.0.1' || port !== 80)
        expect(() => permissions.connect('stream', { family: 'inet', host, port })).toThrow(refusal)
        expect(() => permissions.bind('stream', { family: 'inet', host, port })).toThrow(refusal)
      }),
    )
  })
})

describe('decisions', () => {
  test('each is traced, with the rule that made it', () => {
    const seen: Decision[] = []
    const permissions = new Permissions(
      {
        allow: ['connect:example.com:80'],
        routes: [{ key: 'db:1', target: { kind: 'unix', path: '/run/db' } }],
      },
      (decision) => seen.push(decision),
    )
    permissions.resolve('Example.COM')
    permissions.resolved('example.com', ['192.0.2.1'])
    permissions.connect('stream', { family: 'inet', host: '192.0.2.1', port: 80 })
    const { inet } = permissions.resolve('db')!
    permissions.connect('stream', { family: 'inet', host: inet, port: 1 })
    expect(() => permissions.connect('stream', { family: 'inet', host: '192.0.2.1', port: 81 })).toThrow(
      refusal,
    )
    expect(seen).toEqual([
      { action: 'resolve', address: 'example.com', decision: 'allow', rule: 'connect:example.com:80' },
      { action: 'connect', address: 'example.com:80', decision: 'allow', rule: 'connect:example.com:80' },
      { action: 'resolve', address: 'db', decision: 'route', rule: 'db:1' },
      { action: 'connect', address: 'db:1', decision: 'route', rule: 'db:1', target: 'unix:/run/db' },
      { action: 'connect', address: 'example.com:81', decision: 'deny' },
    ])
  })

  test('a connection that failed is traced with its rule and why, one that nothing has failed of is not', () => {
    const seen: Decision[] = []
    const permissions = new Permissions(
      { allow: [], routes: [{ key: '*.db:1', target: { kind: 'unix', path: '/run/db' } }] },
      (decision) => seen.push(decision),
    )
    const { target, failed } = permissions.connectHost('one.db', 1)
    permissions.connectHost('two.db', 1)
    expect(target).toEqual({ kind: 'unix', path: '/run/db' })
    failed(new Stopped(new Error('the guest was closed')))
    failed(new Failure('ECONNABORTED', 'the guest closed the socket'))
    failed(Object.assign(new Error('connect ENOENT /run/db'), { code: 'ENOENT' }))
    expect(seen.filter(({ decision }) => decision === 'fail')).toEqual([
      {
        action: 'connect',
        address: 'one.db:1',
        decision: 'fail',
        rule: '*.db:1',
        target: 'unix:/run/db',
        code: 'ENOENT',
        reason: 'connect ENOENT /run/db',
      },
    ])
  })

  test('an IPv4 address in the clothes of IPv6 is judged as what it is', () => {
    const permissions = new Permissions({ allow: ['connect:127.0.0.1:80'], routes: [] }, () => {})
    const mapped = { family: 'inet6', host: '::ffff:127.0.0.1', port: 80 } as const
    expect(permissions.connect('stream', mapped).target).toMatchObject({ kind: 'ip', port: 80 })
  })
})
