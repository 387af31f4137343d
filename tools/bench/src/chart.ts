/** drawChart: results as SVG, by ECharts, which is installed from npm when a chart is asked for. */
import { createRequire } from 'node:module'
import { npmFile, npmProgram } from '@uds/nodes'
import { pace, type GroupResult, type Results } from './results.ts'

const VERSION = '6.0.0'

/** The part of ECharts that is used here: https://echarts.apache.org/handbook/en/how-to/cross-platform/server */
interface Echarts {
  init(
    element: null,
    theme: null,
    options: { renderer: 'svg'; ssr: true; width: number; height: number },
  ): { setOption(option: object): void; renderToSVGString(): string; dispose(): void }
}

const load = (): Echarts => {
  const file = 'dist/echarts.common.js'
  npmProgram('echarts', VERSION, file)
  return createRequire(import.meta.url)(npmFile('echarts', VERSION, file)) as Echarts
}

/** The groups that a reader compares first. */
const SHOWN: ReadonlySet<string> = new Set(['emit', 'request', 'stream-64k', 'blocking-ping', 'datagrams'])

const bars = (group: GroupResult): { name: string; value: number }[] =>
  group.rows
    .filter(({ samples }) => samples.length > 0)
    .map((row) => ({ name: row.name, value: Number(pace(row, group.rows[0]!, group.by).toFixed(2)) }))

const WIDTH = 860
const BAR = 22
const GAP = 46

export const drawChart = (results: Results): string => {
  const groups = results.groups.filter(({ name }) => SHOWN.has(name))
  const heights = groups.map(({ rows }) => rows.length * BAR)
  const tops = heights.map((_, at) => GAP + heights.slice(0, at).reduce((sum, each) => sum + each + GAP, 0))
  const height = heights.reduce((sum, each) => sum + each + GAP, GAP)
  const chart = load().init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: groups.map(({ title, rows }, at) => ({
      text: `${title}; times the pace of ${rows[0]!.name}`,
      left: 8,
      top: tops[at]! - 26,
      textStyle: { fontSize: 13 },
    })),
    grid: heights.map((each, at) => ({ left: 250, right: 60, top: tops[at], height: each })),
    xAxis: groups.map((_, at) => ({ type: 'value', gridIndex: at, show: false })),
    yAxis: groups.map((group, at) => ({
      type: 'category',
      gridIndex: at,
      inverse: true,
      data: bars(group).map(({ name }) => name),
      axisTick: { show: false },
    })),
    series: groups.map((group, at) => ({
      type: 'bar',
      xAxisIndex: at,
      yAxisIndex: at,
      barCategoryGap: '25%',
      label: { show: true, position: 'right' },
      data: bars(group).map(({ name, value }) => ({
        value,
        itemStyle: { color: /@uds|UnixDatagram/.test(name) ? '#2563eb' : '#9ca3af' },
      })),
    })),
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}
