/**
 * The tests that a processor can change: layouts of structs, error numbers, flags, arguments behind `...`, and an echo of each
 * layer. vitest itself runs on this machine, each of its workers on the emulated Node.
 */
import { closingLine } from '@uds/testkit/tally'
import { runPass } from '../run-pass.ts'
import { emulatedNode } from './emulated-node.ts'

// Not sender-credentials.test.ts: QEMU 7.2 passes the kernel twice the room for control data that the program has (do_sendrecvmsg
// of linux-user/syscall.c), so that descriptors that nobody asks for are let in and lost.
const TESTS = [
  ...['layout', 'errors', 'bind', 'address', 'sockets', 'nonblocking'].map(
    (name) => `packages/winsock-ffi/test/${name}.test.ts`,
  ),
  // The cases of the runtimes' matrix, but those that start a program, which takes seconds there.
  'tools/runtimes/test/cases.test.ts',
]
const WITHOUT_PROGRAMS = '^(?!in Node, cli|in processes|without permissions)'

const main = async (): Promise<boolean> => {
  const { hook, env, about } = emulatedNode()
  process.stdout.write(`arm64: ${about}\n`)
  const own = process.argv.slice(2).filter((arg) => arg !== '--')
  const vitest = own.length > 0 ? own : [...TESTS, '--testNamePattern', WITHOUT_PROGRAMS]
  const options = { flags: ['--import', hook], env }
  const tally = await runPass(process.execPath, ['--testTimeout', '120000', ...vitest], options)
  process.stdout.write(`\n${closingLine(tally)}\n`)
  return tally.failed === 0 && tally.passed > 0
}

main().then(
  (isGood) => (process.exitCode = isGood ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`arm64: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  },
)
