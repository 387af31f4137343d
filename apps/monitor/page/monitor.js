// Shows what the bridge tells. Every text comes from other programs, so it is only ever set as text.
import { Charts } from './charts.js'

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const units = ['B/s', 'KB/s', 'MB/s', 'GB/s']

const bytes = (perSecond) => {
  const power = perSecond < 1 ? 0 : Math.min(Math.floor(Math.log10(perSecond) / 3), units.length - 1)
  return `${number.format(perSecond / 1000 ** power)} ${units[power]}`
}

const whole = (value) => number.format(Math.round(value))
const rate = (value) => (value >= 100 ? whole(value) : number.format(value))

/** The cards on the page, each with its charts. */
const cards = new Map()

const makeCard = () => {
  const template = document.querySelector('#channel')
  const element = template.content.firstElementChild.cloneNode(true)
  return { element, charts: new Charts(element.querySelector('.charts')) }
}

const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text
}

const setRows = (body, rows) => {
  while (body.rows.length > rows.length) body.deleteRow(-1)
  for (const [at, row] of rows.entries()) {
    const line = body.rows[at] ?? body.insertRow()
    for (const [column, text] of row.texts.entries()) {
      setText(line.cells[column] ?? line.insertCell(), text)
    }
    line.cells[0].classList.toggle('others', row.quiet)
  }
}

const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 2 })
const time = (ms) => (ms === 0 ? '–' : ms < 1 ? short.format(ms) : number.format(ms))

const fill = ({ element, charts }, view) => {
  element.dataset.channel = view.channel
  const fields = {
    channel: view.channel,
    address: view.address,
    pid: String(view.pid),
    eventRate: rate(view.eventRate),
    requestRate: rate(view.requestRate),
    bytesRead: bytes(view.bytesReadRate),
    bytesWritten: bytes(view.bytesWrittenRate),
    waiting: bytes(view.bufferedBytes).replace('/s', ''),
    unacknowledged: whole(view.unacknowledged),
    peerCount: `(${view.peerCount})`,
  }
  for (const [name, text] of Object.entries(fields))
    setText(element.querySelector(`[data-field="${name}"]`), text)
  setRows(
    element.querySelector('[data-rows="messages"]'),
    view.messages.map(({ name, kind, total, rate: perSecond, failed, p50Ms, p99Ms }) => ({
      texts: [
        `${name || 'others'}${kind === 'request' ? ' (request)' : ''}`,
        rate(perSecond),
        whole(total),
        whole(failed),
        time(p50Ms),
        time(p99Ms),
      ],
      quiet: name === '',
    })),
  )
  const failures = element.querySelector('[data-rows="errors"]')
  failures.closest('table').hidden = view.errors.length === 0
  setRows(
    failures,
    view.errors.map(({ code, total }) => ({ texts: [code, whole(total)], quiet: false })),
  )
  const unlisted = view.peerCount - view.peers.length
  const peers = view.peers.map(({ name, messages, waiting }) => ({
    texts: [name || 'no name', whole(messages), waiting === 0 ? '0' : bytes(waiting).replace('/s', '')],
    quiet: name === '',
  }))
  if (unlisted > 0) peers.push({ texts: [`and ${whole(unlisted)} more`, '', ''], quiet: true })
  setRows(element.querySelector('[data-rows="peers"]'), peers)
  charts.add(view)
}

const show = ({ channels }) => {
  const main = document.querySelector('#channels')
  const seen = new Set()
  for (const [at, view] of channels.entries()) {
    const key = `${view.pid} ${view.address}`
    seen.add(key)
    if (!cards.has(key)) cards.set(key, makeCard())
    const card = cards.get(key)
    // The charts are as wide as their card is on the page.
    if (main.children[at] !== card.element) main.insertBefore(card.element, main.children[at] ?? null)
    fill(card, view)
  }
  for (const [key, { element }] of cards) {
    if (seen.has(key)) continue
    element.remove()
    cards.delete(key)
  }
  document.querySelector('#empty').hidden = channels.length > 0
  const sum = (of) => channels.reduce((total, view) => total + of(view), 0)
  const totals = {
    channels: channels.length,
    peers: sum((view) => view.peerCount),
    rate: sum((view) => view.eventRate + view.requestRate),
  }
  for (const [name, value] of Object.entries(totals)) {
    setText(document.querySelector(`[data-total="${name}"]`), name === 'rate' ? rate(value) : whole(value))
  }
}

const tell = (state) => {
  const element = document.querySelector('#state')
  element.dataset.state = state
  setText(element, state)
}

/** Connects, and again a second after a loss: the bridge may have been started again, but then with another token. */
const connect = () => {
  const token = new URLSearchParams(location.search).get('token') ?? ''
  const socket = new WebSocket(`ws://${location.host}/live?token=${encodeURIComponent(token)}`)
  socket.addEventListener('open', () => tell('live'))
  socket.addEventListener('message', (message) => show(JSON.parse(message.data)))
  socket.addEventListener('close', () => {
    tell('connection lost')
    setTimeout(connect, 1000)
  })
}

for (const query of ['(prefers-color-scheme: dark)', '(resolution: 1dppx)'])
  matchMedia(query).addEventListener('change', () => {
    for (const { charts } of cards.values()) charts.again()
  })
connect()
