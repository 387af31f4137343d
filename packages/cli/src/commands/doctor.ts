/** The command doctor: what this machine can do. */
import { Command } from 'commander'
import { withStopSignal } from '../process/signals.ts'
import type { Context } from '../terminal/context.ts'
import { examine, type Finding, type State } from '../doctor/check.ts'
import { checks } from '../doctor/checks.ts'
import { FAILED } from '../exit/exit-codes.ts'
import type { Output } from '../terminal/terminal.ts'

const COLOURS = { yes: 'green', no: 'yellow', failed: 'red' } as const satisfies Record<State, string>
const WIDTH = Math.max(...checks.map(({ what }) => what.length))

const show = ({ what, state, detail, advice }: Finding, out: Output): string => {
  const [first = '', ...more] = detail.split('\n')
  const indent = ' '.repeat(WIDTH + 9)
  return [
    `${what.padEnd(WIDTH)}  ${out.paint(COLOURS[state], state.padEnd(6))} ${first}`,
    ...more.map((line) => indent + line.trim()),
    ...(advice === undefined ? [] : [`${indent}→ ${advice}`]),
  ].join('\n')
}

/** uds doctor: what this machine can do, found out by trying. */
export const doctorCommand = (context: Context): Command =>
  new Command('doctor')
    .description('Find out, by trying, what this machine can do, why not, and what to do about it.')
    .addHelpText(
      'after',
      `
"no" is what this system does not have; "failed" should work here, and makes the exit code 1.

Examples:
  $ uds doctor
  $ uds doctor --json | jq 'select(.state != "yes")'`,
    )
    .action(async () => {
      await withStopSignal(async (stop) => {
        const out = context.output()
        // A check ends before the command does, and so removes its sockets.
        let failed = false
        for (const check of checks) {
          const finding = await examine(check)
          if (stop.signal.aborted) break
          out.result(show(finding, out), finding)
          failed ||= finding.state === 'failed'
        }
        if (failed) context.exit(FAILED)
      })
    })
