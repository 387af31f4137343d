// Shows what the bridge tells. Every text comes from other programs, so it is only ever set as text.

/** How many seconds the lines show. */
const HISTORY = 60

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const units = ['B/s', 'KB/s', 'MB/s', 'GB/s']

const bytes = (perSecond) => {
  const power = perSecond < 1 ? 0 : Math.min(Math.floor(Math.log10(perSecond) / 3), units.length - 1)
  return `${number.format(perSecond / 1000 ** power)} ${units[power]}`
}

const whole = (value) => number.format(Math.round(value))
const rate = (value) => (value >= 100 ? whole(value) : number.format(value))

/** The cards on the page, each with the rates of the last minute. */
const cards = new Map()

const makeCard = () => {
  const template = document.querySelector('#channel')
  const element = template.content.firstElementChild.cloneNode(true)
  return { element, history: [] }
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

const points = (history) => {
  const most = Math.max(...history, 1)
  const first = HISTORY - history.length
  return history
    .map((value, at) => `${((first + at) / (HISTORY - 1)) * 120},${31 - (value / most) * 30}`)
    .join(' ')
}

const fill = ({ element, history }, view) => {
  history.push(view.rate)
  if (history.length > HISTORY) history.shift()
  element.dataset.channel = view.channel
  const fields = {
    channel: view.channel,
    address: view.address,
    pid: String(view.pid),
    rate: rate(view.rate),
    bytesRead: bytes(view.bytesReadRate),
    bytesWritten: bytes(view.bytesWrittenRate),
    peerCount: `(${view.peerCount})`,
  }
  for (const [name, text] of Object.entries(fields))
    setText(element.querySelector(`[data-field="${name}"]`), text)
  element.querySelector('polyline').setAttribute('points', points(history))
  setRows(
    element.querySelector('[data-rows="messages"]'),
    view.messages.map(({ name, total, rate: perSecond }) => ({
      texts: [name || 'others', whole(total), rate(perSecond)],
      quiet: name === '',
    })),
  )
  const unlisted = view.peerCount - view.peers.length
  const peers = view.peers.map(({ name, messages, waiting }) => ({
    texts: [name || 'no name', whole(messages), waiting === 0 ? '0' : bytes(waiting).replace('/s', '')],
    quiet: name === '',
  }))
  if (unlisted > 0) peers.push({ texts: [`and ${whole(unlisted)} more`, '', ''], quiet: true })
  setRows(element.querySelector('[data-rows="peers"]'), peers)
}

const show = ({ channels }) => {
  const main = document.querySelector('#channels')
  const seen = new Set()
  for (const [at, view] of channels.entries()) {
    const key = `${view.pid} ${view.address}`
    seen.add(key)
    if (!cards.has(key)) cards.set(key, makeCard())
    const card = cards.get(key)
    fill(card, view)
    if (main.children[at] !== card.element) main.insertBefore(card.element, main.children[at] ?? null)
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
    rate: sum((view) => view.rate),
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

connect()
