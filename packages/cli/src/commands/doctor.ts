/** The command doctor: what this machine can do. */
import { Command } from 'commander'
import { withStopSignal } from '../process/signals.ts'
import type { Context } from '../terminal/context.ts'
import { examine, type Finding, type State } from '../doctor/check.ts'
import { FAILED } from '../exit/exit-codes.ts'
import type { Output } from '../terminal/terminal.ts'

const COLOURS = { yes: 'green', no: 'yellow', failed: 'red' } as const satisfies Record<State, string>

const show = ({ what, state, detail, advice }: Finding, width: number, out: Output): string => {
  const [first = '', ...more] = detail.split('\n')
  const indent = ' '.repeat(width + 9)
  return [
    `${what.padEnd(width)}  ${out.paint(COLOURS[state], state.padEnd(6))} ${first}`,
    ...more.map((line) => indent + line.trim()),
    ...(advice === undefined ? [] : [`${indent}→ ${advice}`]),
  ].join('\n')
}

/** uds doctor: what this machine can do, found out by trying. */
export const doctorCommand = (context: Context): Command =>
  new Command('doctor')
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
        const { checks } = await import('../doctor/checks.ts')
        const width = Math.max(...checks.map(({ what }) => what.length))
        const out = context.output()
        // A check ends before the command does, and so removes its sockets.
        let failed = false
        for (const check of checks) {
          const finding = await examine(check)
          if (stop.signal.aborted) break
          out.result(show(finding, width, out), finding)
          failed ||= finding.state === 'failed'
        }
        if (failed) context.exit(FAILED)
      })
    })
