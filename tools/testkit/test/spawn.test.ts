import { describe, expect, test } from 'vitest'
import { spawnProgram, spawnScript } from '@uds/testkit'

const talk = new URL('./fixtures/talk.ts', import.meta.url)

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('spawnScript', () => {
  test('runs TypeScript with arguments, environment and input, and collects output and exit code', async () => {
    const script = spawnScript(talk, ['one'], { env: { UDS_TALK: 'two' }, input: 'three' })
    expect(await script.exit).toEqual({ code: 7, signal: null })
    expect(script.stdout()).toBe('argument one\nread three')
    expect(script.stderr()).toBe('variable two\n')
  })

  test('waitForLine gives each line once, whichever stream it came on', async () => {
    const script = spawnScript(talk, ['one'], { env: { UDS_TALK: undefined }, input: '' })
    const [, name] = await script.waitForLine(/^variable (.*)$/)
    expect(name).toBe('unset')
    expect((await script.waitForLine(/argument (.*)/))[1]).toBe('one')
    await expect(script.waitForLine(/argument/)).rejects.toThrow(/ended with code 7/)
  })

  test('waitForLine rejects at its deadline and shows what was written', async () => {
    const script = spawnScript(talk, ['one'])
    await script.waitForLine(/variable/)
    await expect(script.waitForLine(/never/, 50)).rejects.toThrow(/50 ms have passed\nstdout: argument one/)
  })

  let earlier: number

  test('kill ends it', async () => {
    const script = spawnScript(talk)
    await script.waitForLine(/argument/)
    expect((await script.kill()).signal).toBe('SIGKILL')
    const left = spawnScript(talk)
    await left.waitForLine(/argument/)
    earlier = left.pid
    expect(isAlive(earlier)).toBe(true)
  })

  test('what a test leaves running has ended with it', () => {
    expect(isAlive(earlier)).toBe(false)
  })
})

test('a program that does not exist rejects', async () => {
  const program = spawnProgram('no-such-program-anywhere')
  await expect(program.exit).rejects.toMatchObject({ code: 'ENOENT' })
  await expect(program.waitForLine(/x/)).rejects.toThrow(/ENOENT/)
})
