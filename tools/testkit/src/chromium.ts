import { once } from 'node:events'
import { spawnProgram, tempDir } from './index.ts'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'

/** It works alone, in its own directory, and talks to nobody. */
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-port=0',
]

interface Answer {
  readonly id?: number
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

interface Waiting {
  resolve(result: Record<string, unknown>): void
  reject(error: Error): void
}

/** A page in a Chromium without a window, by its DevTools protocol: https://chromedevtools.github.io/devtools-protocol/ */
export class Page {
  /** Exceptions, and what was refused or went wrong. */
  readonly troubles: unknown[] = []
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, Waiting>()
  #session: unknown
  #last = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: Buffer) => this.#take(JSON.parse(data.toString()) as Answer))
  }

  /** Starts the browser, with an empty page. */
  static async open(program: string): Promise<Page> {
    const browser = spawnProgram(program, [...flags, `--user-data-dir=${tempDir()}`, 'about:blank'])
    const [, address = ''] = await browser.waitForLine(/^DevTools listening on (ws:.*)$/, 60_000)
    const socket = new WebSocket(address, { perMessageDeflate: false })
    onTestFinished(() => socket.terminate())
    await once(socket, 'open')
    const page = new Page(socket)
    const { targetId } = await page.ask('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await page.ask('Target.attachToTarget', { targetId, flatten: true })
    page.#session = sessionId
    for (const domain of ['Page', 'Runtime', 'Log']) await page.ask(`${domain}.enable`)
    return page
  }

  /** Calls a method of the protocol. */
  ask(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#socket.send(JSON.stringify({ id, method, params, sessionId: this.#session }))
    })
  }

  /** The value of an expression in the page; of a promise what it resolves with. */
  async value(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.ask('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    })
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
    return (result as { value?: unknown } | undefined)?.value
  }

  async look(width: number, height: number, scheme: 'light' | 'dark'): Promise<void> {
    const features = [{ name: 'prefers-color-scheme', value: scheme }]
    await this.ask('Emulation.setDeviceMetricsOverride', {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: false,
    })
    await this.ask('Emulation.setEmulatedMedia', { features })
  }

  /** A PNG of what is seen. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.ask('Page.captureScreenshot', { format: 'png' })
    return Buffer.from(String(data), 'base64')
  }

  #take({ id, method, params, result, error }: Answer): void {
    if (method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded') this.troubles.push(params)
    if (id === undefined) return
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error) waiting?.reject(new Error(error.message))
    else waiting?.resolve(result ?? {})
  }
}
