/** The samples as an SVG: a small graph for each gauge, from zero, with the kills as ticks. */
import { type Gauge, gaugeNames, type Sample } from './samples.js'

export interface Kill {
  seconds: number
  what: string
}

const width = 360
const height = 140
const columns = 2
const edge = { left: 44, right: 10, top: 24, bottom: 22 }
const titles: Record<Gauge, string> = {
  apiMebibytes: 'API, MiB',
  workerMebibytes: 'worker, MiB',
  postgresMebibytes: 'PostgreSQL without shared memory, MiB',
  sharedMebibytes: 'shared memory of PostgreSQL, MiB',
  connections: 'connections to PostgreSQL',
  descriptors: 'open files of API and worker',
  tableMebibytes: 'tables and indexes, MiB',
  uncountedMebibytes: 'tables, without what counts as stored, MiB',
  logMebibytes: 'write-ahead log, MiB',
  otherMebibytes: 'other files, MiB',
}

export function plot(samples: readonly Sample[], kills: readonly Kill[]): string {
  const rows = Math.ceil(gaugeNames.length / columns)
  const graphs = gaugeNames.map((gauge, n) => {
    const [x, y] = [(n % columns) * width, Math.floor(n / columns) * height]
    return `<g transform="translate(${x} ${y})">${graph(samples, kills, gauge)}</g>`
  })
  const size = `viewBox="0 0 ${columns * width} ${rows * height}"`
  const style = 'font-family="sans-serif" font-size="11" fill="#333"'
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${style}><title>Resources of the service over time</title>
<rect width="100%" height="100%" fill="#fff"/>
${graphs.join('\n')}
</svg>
`
}

function graph(samples: readonly Sample[], kills: readonly Kill[], gauge: Gauge): string {
  const longest = Math.max(1, ...samples.map((sample) => sample.seconds))
  const most = Math.max(1, ...samples.map((sample) => sample[gauge]))
  const bottom = height - edge.bottom
  const x = (seconds: number) =>
    (edge.left + (seconds / longest) * (width - edge.left - edge.right)).toFixed(1)
  const y = (value: number) => (bottom - (value / most) * (bottom - edge.top)).toFixed(1)
  const points = samples.map((sample) => `${x(sample.seconds)},${y(sample[gauge])}`).join(' ')
  const ticks = kills.map(({ seconds }) => `M${x(seconds)} ${bottom}v-5`).join('')
  const minutes = (longest / 60).toFixed(longest < 600 ? 1 : 0)
  return [
    `<text x="${edge.left}" y="15" font-weight="bold">${titles[gauge]}</text>`,
    `<path d="M${edge.left} ${edge.top}V${bottom}H${width - edge.right}" fill="none" stroke="#999"/>`,
    `<path d="${ticks}" stroke="#c33"/>`,
    `<polyline points="${points}" fill="none" stroke="#26a" stroke-width="1.5"/>`,
    `<text x="${edge.left - 5}" y="${edge.top + 8}" text-anchor="end">${most}</text>`,
    `<text x="${edge.left - 5}" y="${bottom}" text-anchor="end">0</text>`,
    `<text x="${width - edge.right}" y="${height - 8}" text-anchor="end">${minutes} min</text>`,
  ].join('')
}
