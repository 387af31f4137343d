import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { EventServer } from '@uds/events'
import { Board, isReport } from './board.ts'
import { Guard } from './guard.ts'
import { Live } from './live.ts'
import { pageServer } from './page.ts'
import { MONITOR } from './report.ts'
import type { Monitoring } from './report.ts'

export interface MonitorOptions {
  /** Where servers report to. */
  readonly address?: string | undefined
  /** Names of messages that browsers may see; `*` is all. None by default: then only sums are shown. */
  readonly allow?: readonly string[] | undefined
  /** The interface that the page is served on. @default 127.0.0.1 */
  readonly host?: string | undefined
  readonly port?: number | undefined
}

export interface Monitor {
  /** The page, with the token that it needs. */
  readonly url: string
  /** Where servers report to. */
  readonly address: string
  close(): Promise<void>
}

const SHOW_MS = 1000

/** Takes reports of servers, and shows them on a page. */
export const monitor = async (options: MonitorOptions = {}): Promise<Monitor> => {
  const { allow = [], host = '127.0.0.1', port = 0 } = options
  const token = randomBytes(24).toString('base64url')
  const board = new Board((name) => allow.includes(name) || allow.includes('*'))
  const reports = await EventServer.listen<Monitoring>(options.address ?? MONITOR)
  let at = ''
  const hosts = (): string[] => [at, at.replace(/^127\.0\.0\.1:/, 'localhost:')]
  const guard = new Guard(token, hosts)
  const page = pageServer(guard)
  const live = new Live(page, guard)
  try {
    await new Promise<void>((resolve, reject) => {
      page.once('error', reject)
      page.listen(port, host, resolve)
    })
  } catch (error) {
    await reports.close()
    throw error
  }
  at = `${host.includes(':') ? `[${host}]` : host}:${(page.address() as AddressInfo).port}`
  reports.on('report', (report, peer) => {
    if (!isReport(report)) throw new TypeError('what came is no report')
    board.add(peer, report)
  })
  reports.on('disconnect', (peer) => board.remove(peer))
  reports.on('error', (error, peer) =>
    console.error(`report of ${peer?.name ?? 'a stranger'}: ${error.message}`),
  )
  const timer = setInterval(() => live.show(board.view()), SHOW_MS)
  live.show([])
  return {
    url: `http://${at}/?token=${token}`,
    address: reports.address,
    close: async () => {
      clearInterval(timer)
      live.close()
      page.closeAllConnections()
      await Promise.all([reports.close({ graceMs: 0 }), new Promise((resolve) => void page.close(resolve))])
    },
  }
}
