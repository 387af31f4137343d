import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { Guard } from './guard.ts'

const own = (file: string): URL => new URL(`../page/${file}`, import.meta.url)
const ofPlot = (file: string): URL => new URL(import.meta.resolve(`uplot/dist/${file}`))

const files: Readonly<Record<string, { readonly file: URL; readonly type: string }>> = {
  '/': { file: own('index.html'), type: 'text/html' },
  '/monitor.css': { file: own('monitor.css'), type: 'text/css' },
  '/monitor.js': { file: own('monitor.js'), type: 'text/javascript' },
  '/charts.js': { file: own('charts.js'), type: 'text/javascript' },
  // https://github.com/leeoniya/uPlot
  '/uplot.css': { file: ofPlot('uPlot.min.css'), type: 'text/css' },
  '/uplot.js': { file: ofPlot('uPlot.esm.js'), type: 'text/javascript' },
}

/** Nothing of another site is loaded, nobody else learns the token, and nobody shows the page within theirs. */
const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

/** Serves the page: its files, and only to those who know the token. */
export const pageServer = (guard: Guard): Server =>
  createServer((request, response) => {
    const answer = (status: number, body: string | Buffer, type = 'text/plain'): void => {
      response.writeHead(status, { ...headers, 'content-type': `${type}; charset=utf-8` })
      response.end(request.method === 'HEAD' ? undefined : body)
    }
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, 'only GET is known\n')
    const found = Object.hasOwn(files, pathname) ? files[pathname] : undefined
    if (!found) return answer(404, 'there is no such page\n')
    // The style and the script are no secret; what is shown is.
    const refusal = guard.refusal(request, { token: pathname === '/', origin: false })
    if (refusal !== undefined) return answer(403, `${refusal}\n`)
    readFile(found.file).then(
      (body) => answer(200, body, found.type),
      (error: Error) => answer(500, `${error.message}\n`),
    )
  })
