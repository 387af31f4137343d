/** What `builds.ts` can measure. */
export interface Plan {
  /** Who knows when the work is done. */
  readonly teller: 'server' | 'client'
  /** How often it is done. */
  readonly count: number
}

/** The works; what stands behind a colon is their size: `text:65536`, `request:1`, `broadcast:1000`. */
export const PLANS: Readonly<Record<string, Plan>> = {
  // One way: text or bytes of a size, or a list of so many objects.
  text: { teller: 'server', count: 20_000 },
  objects: { teller: 'server', count: 3000 },
  bytes: { teller: 'server', count: 20_000 },
  // Requests, and acknowledged messages, of which so many are under way.
  request: { teller: 'client', count: 50_000 },
  send: { teller: 'client', count: 300_000 },
  // One broadcast a turn of the server, to so many clients of one process; the count is deliveries.
  broadcast: { teller: 'client', count: 200_000 },
  // Connections, one after the other.
  connect: { teller: 'client', count: 1500 },
}

/** True for works that node:net can do as well. */
export const hasNet = (work: string): boolean => !work.startsWith('objects') && !work.startsWith('send')
