import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { needs } from '@uds/testkit'
import { Page } from '@uds/testkit/chromium'
import { describe, expect, test, vi } from 'vitest'
import { startMonitor, startWatched } from './programs.ts'

// A browser takes its time to start on a busy machine.
vi.setConfig({ testTimeout: 180_000 })

const chromium = needs('chromium')

const widths = [
  ['phone', 360, 740],
  ['desktop', 1280, 800],
] as const

/** For people who want to see the page: UDS_SCREENSHOTS=DIRECTORY. */
const folder = process.env['UDS_SCREENSHOTS']

/** Whether a chart has more than its axes: a colour that is no grey. */
const DRAWN = `(() => {
  const canvas = CHAT.querySelector('.charts canvas')
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true })
  copy.drawImage(canvas, 0, 0)
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height)
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200 && data[at + 2] - data[at] > 60) return true
  return false
})()`

describe.skipIf(chromium.missing)('the page in Chromium', () => {
  test('shows channels, peers and rates as they change, at phone and desktop width, dark and light', async () => {
    const { url, address } = await startMonitor('--allow', 'say')
    await startWatched(address, 'chat')
    const second = await startWatched(address, 'a channel with quite a long name, as some have')
    const page = await Page.open(chromium.path)
    await page.ask('Page.navigate', { url: url.href })
    const until = (expression: string, wanted: unknown): Promise<void> =>
      vi.waitFor(async () => expect(await page.value(expression)).toEqual(wanted), 60_000)
    const chat = `document.querySelector('[data-channel="chat"]')`

    await until(`document.querySelector('#state').textContent`, 'live')
    await until(`document.querySelectorAll('[data-channel]').length`, 2)
    await until(`Number(${chat}.querySelector('[data-field="eventRate"]').textContent) > 0`, true)
    await until(`Number(document.querySelector('[data-total="peers"]').textContent)`, 4)
    await until(`${chat}.querySelectorAll('.charts canvas').length`, 4)
    const label = `${chat}.querySelector('.charts [role="img"]').getAttribute('aria-label')`
    await until(`/^messages.s: events [1-9]/.test(${label})`, true)
    // Something is drawn in the colour of the first line.
    await until(DRAWN.replace('CHAT', chat), true)
    const texts = `[...${chat}.querySelectorAll('td:first-child')].map((cell) => cell.textContent).sort()`
    expect(await page.value(texts)).toEqual(['<img src=x onerror=alert(1)>', 'ann', 'others', 'say'])
    expect(await page.value(`document.querySelectorAll('img').length`)).toBe(0)

    const inside = `[...document.querySelectorAll('article *')].every((part) =>
      part.getBoundingClientRect().right <= part.closest('article').getBoundingClientRect().right)`
    const grounds = new Set<unknown>()
    for (const [name, width, height] of widths) {
      for (const scheme of ['light', 'dark'] as const) {
        await page.look(width, height, scheme)
        await until('innerWidth', width)
        expect(await page.value('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
        expect(await page.value(inside)).toBe(true)
        grounds.add(await page.value('getComputedStyle(document.body).backgroundColor'))
        if (folder) writeFileSync(join(folder, `${name}-${scheme}.png`), await page.screenshot())
      }
    }
    expect(grounds.size).toBe(2)

    second.process.stdin?.write('close\n')
    await until(`document.querySelectorAll('[data-channel]').length`, 1)
    expect(page.troubles).toEqual([])
  })

  test('says when the bridge is gone', async () => {
    const { program, url } = await startMonitor()
    const page = await Page.open(chromium.path)
    await page.ask('Page.navigate', { url: url.href })
    const state = (wanted: string): Promise<void> =>
      vi.waitFor(
        async () => expect(await page.value(`document.querySelector('#state')?.textContent`)).toBe(wanted),
        60_000,
      )
    await state('live')
    expect(await page.value(`document.querySelector('#empty').hidden`)).toBe(false)
    await program.kill()
    await state('connection lost')
  })
})
