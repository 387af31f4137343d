/** CPython embedded: its functions are called one by one, as zig-wasm-cpython's host does it. */
import { describe, expect, test } from 'vitest'
import { WasiHost } from '../src/index.ts'
import { waits } from './driver.ts'
import { python, pythonOptions } from './guest-python.ts'
import { serveEcho } from './guest-run.ts'

describe.skipIf(python.missing).each(waits)('an embedded CPython, %s', (wait) => {
  test('runs one piece of code after another in one interpreter, with sockets', async () => {
    const port = await serveEcho()
    const host = new WasiHost({
      ...pythonOptions(wait, [], { allow: ['connect:127.0.0.1:*'] }),
      stderr: 'ignore',
    })
    const guest = await host.instantiate(python.embeddable)
    const runString = async (code: string): Promise<unknown> =>
      guest.call('PyRun_SimpleString', await guest.string(code))
    await guest.call('Py_Initialize')
    expect(
      await runString(`import wasisocket; s = wasisocket.create_connection(('127.0.0.1', ${port}))`),
    ).toBe(0)
    expect(await runString('s.sendall(b"hello"); assert s.recv() == b"hello"; s.close()')).toBe(0)
    expect(await runString('assert s.fileno() == 0')).toBe(-1)
    expect(await guest.call('Py_FinalizeEx')).toBe(0)
    await guest.close()
  })
})
