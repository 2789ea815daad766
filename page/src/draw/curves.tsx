/** Curves over epochs or time, drawn by uPlot. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { percent, short } from '../format.js'
import { token, useTheme } from '../theme.js'

export interface Curve {
  label: string
  /** A CSS custom property, such as `--series-1`. */
  colour: string
  dashed?: boolean
}

interface Props {
  /** The x values, then the values of each curve. */
  data: uPlot.AlignedData
  curves: readonly Curve[]
  label: string
  xLabel?: string
  /** Allows fractional ticks. Epochs have whole ticks only. */
  isTime?: boolean
  yLabel: string
  /** Formats values from 0 to 1 in percent. */
  asPercent?: boolean
  logarithmic?: boolean
  logarithmicX?: boolean
  height?: number
  /** Highlights this x. */
  mark?: number | undefined
  /** The epoch whose weights the model has. Drawn as a labelled line. */
  bestEpoch?: number | undefined
  /** Changes when data are appended, since the arrays grow in place. */
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
    asPercent = false,
    logarithmic = false,
    logarithmicX = false,
    height = 240,
  } = props
  const style = { curves, xLabel, isTime, yLabel, asPercent, logarithmic, logarithmicX, height }
  const container = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const mark = useRef<number | undefined>(undefined)
  mark.current = props.mark
  const bestEpoch = useRef<number | undefined>(undefined)
  bestEpoch.current = props.bestEpoch
  const theme = useTheme()
  const styleKey = JSON.stringify([style, theme])

  useLayoutEffect(() => {
    const element = container.current
    if (element === null) return
    const created = new uPlot(
      plotOptions({ ...style, width: element.clientWidth, mark, bestEpoch }),
      data,
      element,
    )
    plot.current = created
    // Gives tests and the console access to the plotted data.
    Object.assign(element, { plot: created })
    const resize = new ResizeObserver(() => created.setSize({ width: element.clientWidth, height }))
    resize.observe(element)
    return () => {
      resize.disconnect()
      created.destroy()
      plot.current = null
    }
  }, [styleKey])

  useEffect(() => {
    // Each plot is drawn in its own task, so that no task blocks for long. By then, another plot with other curves may
    // have replaced it.
    const drawn = plot.current
    const timer = setTimeout(() => {
      if (plot.current === drawn) drawn?.setData(data)
    })
    return () => clearTimeout(timer)
  }, [data, props.version, props.mark, props.bestEpoch])

  return <div ref={container} class="curves" role="img" aria-label={label} />
}

/** Index of the last known value at or before `index`, since curves may have different x values. */
function lastKnownIndex({ data }: uPlot, series: number, index: number): number {
  const values = data[series]
  for (let at = index; at >= 0; at--) if ((values?.[at] ?? null) !== null) return at
  return index
}

/** Shows the last values in the legend while the cursor is outside the plot. */
function showLast(plot: uPlot): void {
  const { cursor, data } = plot
  if ((cursor.idx ?? null) !== null || data[0].length === 0) return
  plot.setLegend({ idxs: data.map((_, series) => lastKnownIndex(plot, series, data[0].length - 1)) }, false)
}

const positive = (values: readonly (number | null | undefined)[]) => values.some((value) => (value ?? 0) > 0)

/** Powers of ten for a wide range, 1, 2 and 5 times these for a narrow one, all digits for the narrowest. */
function logarithmicSplits(_: uPlot, __: number, low: number, high: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))]
  const stride = Math.ceil((last - first) / maxPowers)
  const multiples = (digits: readonly number[]) =>
    Array.from({ length: Math.ceil((last - first + 1) / stride) }, (_, step) => first + step * stride)
      .flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
      .filter((split) => split >= low * 0.999 && split <= high * 1.001)
  if (last - first > 3) return multiples([1])
  const coarse = multiples([1, 2, 5])
  return coarse.length > 2 ? coarse : multiples([1, 2, 3, 4, 5, 6, 7, 8, 9])
}
const maxPowers = 7

/** Clips diverging curves: uPlot has no room for tick labels with more digits. */
const maxY = 1e15

const wholeSteps = [0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power))

function plotOptions(options: {
  curves: readonly Curve[]
  xLabel: string
  isTime: boolean
  yLabel: string
  asPercent: boolean
  logarithmic: boolean
  logarithmicX: boolean
  width: number
  height: number
  mark: { current: number | undefined }
  bestEpoch: { current: number | undefined }
}): uPlot.Options {
  const {
    curves,
    xLabel,
    isTime,
    yLabel,
    asPercent,
    logarithmic,
    logarithmicX,
    width,
    height,
    mark,
    bestEpoch,
  } = options
  const format = asPercent ? percent : short
  const ink = token('--ink-soft')
  const grid = { stroke: token('--line'), width: 1 }
  const font = `12px ${token('--font')}`
  const keepAll = (_: uPlot, splits: number[]) => splits
  const logarithmicTicks = (isLogarithmic: boolean) =>
    isLogarithmic ? { splits: logarithmicSplits, filter: keepAll } : {}
  const axis = { stroke: ink, grid, ticks: { show: false }, font, labelFont: font, labelSize: 18 }
  // A logarithmic axis needs a positive range.
  const y: uPlot.Scale = logarithmic
    ? {
        distr: 3,
        range: (_, low, high) =>
          low > 0 ? uPlot.rangeLog(Math.min(low, maxY / 10), Math.min(high, maxY), 10, false) : [1e-3, 1],
      }
    : { range: (_, low, high) => uPlot.rangeNum(low, Math.min(high, maxY), 0.1, true) }
  return {
    width,
    height,
    legend: { live: true },
    cursor: { points: { size: 7 }, drag: { x: true, y: false }, dataIdx: lastKnownIndex },
    scales: { x: { time: false, distr: logarithmicX ? 3 : 1 }, y },
    axes: [
      {
        ...axis,
        ...logarithmicTicks(logarithmicX),
        ...(isTime ? {} : { incrs: wholeSteps }),
        label: xLabel,
        size: 30,
      },
      {
        ...axis,
        ...logarithmicTicks(logarithmic),
        label: yLabel,
        size: 54,
        values: (_, splits) =>
          splits.map((value) =>
            value === null ? '' : asPercent ? `${short(100 * value)} %` : short(value, 1e5),
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
      setData: [showLast],
      setCursor: [showLast],
      drawClear: [(plot) => drawMark(plot, mark.current)],
      draw: [(plot) => drawBest(plot, bestEpoch.current, asPercent)],
    },
  }
}

/** The position of x on the canvas, or null outside the plot. */
function canvasX(plot: uPlot, x: number | undefined): number | null {
  if (x === undefined || !positive([x])) return null
  const position = plot.valToPos(x, 'x', true)
  return position < plot.bbox.left || position > plot.bbox.left + plot.bbox.width ? null : position
}

function drawMark(plot: uPlot, mark: number | undefined): void {
  const x = canvasX(plot, mark)
  if (x === null) return
  plot.ctx.fillStyle = token('--accent-soft')
  plot.ctx.fillRect(x - 1, plot.bbox.top, 3, plot.bbox.height)
}

/** Draws a dashed line, a point on each curve, and a label on the side with more room. */
function drawBest(plot: uPlot, epoch: number | undefined, labelAtBottom: boolean): void {
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
    bbox.top + (labelAtBottom ? bbox.height - 6 * scale : 12 * scale),
  )
  const row = data[0].indexOf(epoch)
  for (const [index, { stroke }] of series.entries()) {
    const value = data[index]?.[row] ?? null
    if (index === 0 || value === null) continue
    ctx.fillStyle = typeof stroke === 'function' ? String(stroke(plot, index)) : token('--ink')
    ctx.beginPath()
    ctx.arc(x, plot.valToPos(value, 'y', true), 4 * scale, 0, 2 * Math.PI)
    ctx.fill()
  }
  ctx.restore()
}
