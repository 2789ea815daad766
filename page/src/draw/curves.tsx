/** Curves over epochs or time, by uPlot: fast enough to be drawn anew while thousands of epochs stream in. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { percent, short } from '../format.js'
import { token, useTheme } from '../theme.js'

export interface Curve {
  label: string
  /** Name of a custom property, such as `--series-1`. */
  colour: string
  dashed?: boolean
}

interface Props {
  /** x, then the values of each curve. */
  data: uPlot.AlignedData
  curves: readonly Curve[]
  label: string
  xLabel?: string
  /** Time has a half; an epoch has none. */
  isTime?: boolean
  /** What the curves measure. */
  yLabel: string
  /** Of shares, which are told in percent. */
  shares?: boolean
  logarithmic?: boolean
  logarithmicX?: boolean
  height?: number
  /** Marks this x. */
  mark?: number | undefined
  /** The epoch whose weights the model holds: a line with its name. */
  best?: number | undefined
  /** Changes with the data, which are the same growing arrays. */
  version?: number
}

export function Curves(props: Props) {
  const {
    data,
    curves,
    label,
    xLabel = 'epoch',
    isTime = false,
    yLabel,
    shares = false,
    logarithmic = false,
    logarithmicX = false,
    height = 240,
  } = props
  const look = { curves, xLabel, isTime, yLabel, shares, logarithmic, logarithmicX, height }
  const holder = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const mark = useRef<number | undefined>(undefined)
  mark.current = props.mark
  const best = useRef<number | undefined>(undefined)
  best.current = props.best
  const theme = useTheme()
  const kind = JSON.stringify([look, theme])

  useLayoutEffect(() => {
    const element = holder.current
    if (element === null) return
    const made = new uPlot(plotOptions({ ...look, width: element.clientWidth, mark, best }), data, element)
    plot.current = made
    // For looking at what is drawn, from the console and from tests.
    Object.assign(element, { plot: made })
    const resize = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }))
    resize.observe(element)
    return () => {
      resize.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [kind])

  useEffect(() => {
    // Several plots of a view are drawn in a task each, so that none is long.
    const timer = setTimeout(() => plot.current?.setData(data))
    return () => clearTimeout(timer)
  }, [data, props.version, props.mark, props.best])

  return <div ref={holder} class="curves" role="img" aria-label={label} />
}

/** Curves with other x: each tells the newest value that it had until then. */
function newestUntil({ data }: uPlot, series: number, place: number): number {
  const values = data[series]
  for (let at = place; at >= 0; at--) if ((values?.[at] ?? null) !== null) return at
  return place
}

function showLast(plot: uPlot): void {
  const { cursor, data } = plot
  if ((cursor.idx ?? null) !== null || data[0].length === 0) return
  plot.setLegend({ idxs: data.map((_, series) => newestUntil(plot, series, data[0].length - 1)) }, false)
}

const positive = (values: readonly (number | null | undefined)[]) => values.some((value) => (value ?? 0) > 0)

/** Whole powers of ten where there are many, else 1, 2 and 5 of each, and where even those are few, all digits. */
function logarithmicSplits(_: uPlot, __: number, low: number, high: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))]
  const stride = Math.ceil((last - first) / maxPowers)
  const splitsOf = (digits: readonly number[]) =>
    Array.from({ length: Math.ceil((last - first + 1) / stride) }, (_, step) => first + step * stride)
      .flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
      .filter((split) => split >= low * 0.999 && split <= high * 1.001)
  if (last - first > 3) return splitsOf([1])
  const few = splitsOf([1, 2, 5])
  return few.length > 2 ? few : splitsOf([1, 2, 3, 4, 5, 6, 7, 8, 9])
}
const maxPowers = 7

/** What diverges leaves the plot at its top: of numbers with more digits uPlot writes none beside the axis. */
const tallest = 1e15

const wholeSteps = [0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power))

function plotOptions(options: {
  curves: readonly Curve[]
  xLabel: string
  isTime: boolean
  yLabel: string
  shares: boolean
  logarithmic: boolean
  logarithmicX: boolean
  width: number
  height: number
  mark: { current: number | undefined }
  best: { current: number | undefined }
}): uPlot.Options {
  const { curves, xLabel, isTime, yLabel, shares, logarithmic, logarithmicX, width, height, mark, best } =
    options
  const format = shares ? percent : short
  const ink = token('--ink-soft')
  const grid = { stroke: token('--line'), width: 1 }
  const font = `12px ${token('--font')}`
  const everySplit = (_: uPlot, splits: number[]) => splits
  const splitsOf = (isLogarithmic: boolean) =>
    isLogarithmic ? { splits: logarithmicSplits, filter: everySplit } : {}
  const axis = { stroke: ink, grid, ticks: { show: false }, font, labelFont: font, labelSize: 18 }
  // A logarithm needs something above zero to stand on.
  const y: uPlot.Scale = logarithmic
    ? {
        distr: 3,
        range: (_, low, high) =>
          low > 0
            ? uPlot.rangeLog(Math.min(low, tallest / 10), Math.min(high, tallest), 10, false)
            : [1e-3, 1],
      }
    : { range: (_, low, high) => uPlot.rangeNum(low, Math.min(high, tallest), 0.1, true) }
  return {
    width,
    height,
    legend: { live: true },
    cursor: { points: { size: 7 }, drag: { x: true, y: false }, dataIdx: newestUntil },
    scales: { x: { time: false, distr: logarithmicX ? 3 : 1 }, y },
    axes: [
      {
        ...axis,
        ...splitsOf(logarithmicX),
        ...(isTime ? {} : { incrs: wholeSteps }),
        label: xLabel,
        size: 30,
      },
      {
        ...axis,
        ...splitsOf(logarithmic),
        label: yLabel,
        size: 54,
        values: (_, splits) =>
          splits.map((value) =>
            value === null ? '' : shares ? `${short(100 * value)} %` : short(value, 1e5),
          ),
      },
    ],
    series: [
      { label: xLabel },
      ...curves.map(({ label, colour, dashed = false }) => ({
        label,
        stroke: token(colour),
        width: 1.75,
        spanGaps: true,
        points: { show: false },
        value: (_: uPlot, value: number | null) => format(value),
        ...(dashed ? { dash: [5, 4] } : {}),
      })),
    ],
    hooks: {
      // Where no epoch is pointed at, the legend tells of the last one.
      setData: [showLast],
      setCursor: [showLast],
      drawClear: [(plot) => drawMark(plot, mark.current)],
      draw: [(plot) => drawBest(plot, best.current, shares)],
    },
  }
}

/** Where x lies on the canvas; null outside of what is shown. */
function canvasX(plot: uPlot, x: number | undefined): number | null {
  if (x === undefined || !positive([x])) return null
  const place = plot.valToPos(x, 'x', true)
  return place < plot.bbox.left || place > plot.bbox.left + plot.bbox.width ? null : place
}

function drawMark(plot: uPlot, mark: number | undefined): void {
  const x = canvasX(plot, mark)
  if (x === null) return
  plot.ctx.fillStyle = token('--accent-soft')
  plot.ctx.fillRect(x - 1, plot.bbox.top, 3, plot.bbox.height)
}

/** A dashed line, a point on each curve, and the name on the side that has room for it: losses fall, shares rise. */
function drawBest(plot: uPlot, epoch: number | undefined, isLow: boolean): void {
  const x = canvasX(plot, epoch)
  if (x === null || epoch === undefined) return
  const { ctx, bbox, data, series } = plot
  const scale = devicePixelRatio
  ctx.save()
  ctx.strokeStyle = ctx.fillStyle = token('--ink-soft')
  ctx.lineWidth = scale
  ctx.setLineDash([4 * scale, 3 * scale])
  ctx.beginPath()
  ctx.moveTo(x, bbox.top)
  ctx.lineTo(x, bbox.top + bbox.height)
  ctx.stroke()
  ctx.font = `${12 * scale}px ${token('--font')}`
  const isLeft = x > bbox.left + bbox.width / 2
  ctx.textAlign = isLeft ? 'right' : 'left'
  ctx.fillText(
    `best epoch ${epoch}`,
    x + (isLeft ? -6 : 6) * scale,
    bbox.top + (isLow ? bbox.height - 6 * scale : 12 * scale),
  )
  const place = data[0].indexOf(epoch)
  for (const [index, { stroke }] of series.entries()) {
    const value = data[index]?.[place] ?? null
    if (index === 0 || value === null) continue
    ctx.fillStyle = typeof stroke === 'function' ? String(stroke(plot, index)) : token('--ink')
    ctx.beginPath()
    ctx.arc(x, plot.valToPos(value, 'y', true), 4 * scale, 0, 2 * Math.PI)
    ctx.fill()
  }
  ctx.restore()
}
