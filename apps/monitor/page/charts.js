// The charts of a channel, drawn by uPlot: rates, times of handlers, errors, bytes, of the last minute.
import uPlot from './uplot.js'

/** How many seconds the charts show. */
const HISTORY = 60
const HEIGHT = 110

const format = new Intl.NumberFormat('en', { maximumSignificantDigits: 3, notation: 'compact' })

/** The colours are those of the style sheet, which differ in the dark: a canvas needs them computed. */
const colours = () => {
  const probe = document.createElement('i')
  document.body.append(probe)
  const found = Object.fromEntries(
    ['first', 'second', 'bad', 'quiet', 'line'].map((name) => {
      probe.style.color = `var(--${name})`
      return [name, getComputedStyle(probe).color]
    }),
  )
  probe.remove()
  return (name) => found[name]
}

const charts = [
  {
    title: 'messages/s',
    series: [
      ['events', 'first', (view) => view.eventRate],
      ['requests', 'second', (view) => view.requestRate],
    ],
  },
  {
    title: 'ms in handlers',
    series: [
      ['p50', 'first', (view) => view.p50Ms],
      ['p99', 'second', (view) => view.p99Ms],
    ],
  },
  { title: 'errors/s', series: [['errors', 'bad', (view) => view.errorRate]] },
  {
    title: 'bytes/s',
    series: [
      ['in', 'first', (view) => view.bytesReadRate],
      ['out', 'second', (view) => view.bytesWrittenRate],
    ],
  },
]

const axis = (colour) => ({
  stroke: colour('quiet'),
  grid: { stroke: colour('line'), width: 1 },
  ticks: { show: false },
  font: '11px system-ui',
})

const draw = (element, { title, series }, data, width) => {
  const colour = colours()
  return new uPlot(
    {
      width,
      height: HEIGHT,
      cursor: { show: false },
      legend: { show: false },
      scales: {
        x: { time: false, range: [-HISTORY + 1, 0] },
        y: { range: (_plot, _least, most) => [0, most > 0 ? most * 1.1 : 1] },
      },
      axes: [
        {
          ...axis(colour),
          size: 20,
          values: (_plot, values) => values.map((value) => (value === 0 ? 'now' : `${value} s`)),
        },
        { ...axis(colour), size: 44, values: (_plot, values) => values.map((value) => format.format(value)) },
      ],
      series: [
        {},
        ...series.map(([label, name]) => ({
          label: `${label} ${title}`,
          stroke: colour(name),
          width: 1.5,
          points: { show: false },
        })),
      ],
    },
    data,
    element,
  )
}

const makeFigure = ({ title, series }) => {
  const figure = document.createElement('figure')
  const caption = document.createElement('figcaption')
  caption.append(title, ' ')
  for (const [label, name] of series) {
    const key = document.createElement('span')
    key.className = `key ${name}`
    key.textContent = label
    caption.append(key, ' ')
  }
  const plot = document.createElement('div')
  plot.setAttribute('role', 'img')
  figure.append(caption, plot)
  return { figure, plot }
}

/** The charts of one channel, in an element of its card. */
export class Charts {
  #figures
  #history = []
  #width = 0

  constructor(element) {
    this.#figures = charts.map((chart) => ({ chart, ...makeFigure(chart), drawn: undefined }))
    element.replaceChildren(...this.#figures.map(({ figure }) => figure))
    new ResizeObserver(() => this.#show()).observe(element)
  }

  /** Takes what there is now, a second after the last. */
  add(view) {
    this.#history.push(view)
    if (this.#history.length > HISTORY) this.#history.shift()
    this.#show()
  }

  /** Draws again, with other colours or another width. */
  again() {
    for (const figure of this.#figures) {
      figure.drawn?.destroy()
      figure.drawn = undefined
    }
    this.#show()
  }

  #show() {
    const times = this.#history.map((_view, at) => at - this.#history.length + 1)
    for (const figure of this.#figures) {
      const { chart, plot } = figure
      const data = [times, ...chart.series.map(([, , of]) => this.#history.map(of))]
      const width = plot.clientWidth
      if (width === 0) continue
      if (figure.drawn === undefined) figure.drawn = draw(plot, chart, data, width)
      else {
        if (this.#width !== width) figure.drawn.setSize({ width, height: HEIGHT })
        figure.drawn.setData(data)
      }
      const last = chart.series.map(([label], at) => `${label} ${format.format(data[at + 1].at(-1) ?? 0)}`)
      plot.setAttribute('aria-label', `${chart.title}: ${last.join(', ')}`)
    }
    this.#width = this.#figures[0].plot.clientWidth
  }
}
