/** A guest in this thread, suspended by the engine while it waits, or returning to the loop. */
import type { Run } from '../guest/handle.ts'
import { inLoop, jspi } from '../guest/suspension.ts'
import { HttpService } from '../http/service.ts'
import { hasJspi } from '../module/engine.ts'
import type { Program } from '../module/program.ts'
import { NodeNetwork } from '../network/node/network.ts'
import { Resolver } from '../network/resolver.ts'
import type { Settings } from '../options/options.ts'
import { Stopped } from '../outcome/failure.ts'
import { limits } from './limits.ts'
import { runHere } from './run-here.ts'
import { adoptStdioStreams, LINGER_MS } from './stdio.ts'

export const runInThread = (
  program: Program,
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<Run> => {
  const network = new NodeNetwork(new Resolver(settings.resolve), settings.makers, { bindsNow: !hasJspi })
  return runHere(program, settings, {
    network,
    clock: limits(settings.quotas, signal, (reason) => network.stop(new Stopped(reason))),
    // Without JSPI only components that return to the loop to wait come here.
    waiting: hasJspi ? jspi : inLoop,
    blocks: false,
    standard: (session) => adoptStdioStreams(session, network, settings, true),
    http: (session) => new HttpService({ network, ...session }),
    end: (aborted) => {
      network.stop(new Stopped(new Error('the guest was closed')))
      return network.close(aborted ? 0 : LINGER_MS)
    },
  })
}
