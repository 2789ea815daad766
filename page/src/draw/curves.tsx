/** Curves over epochs or time, by uPlot: fast enough to be drawn anew while thousands of epochs stream in. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { short } from '../format.js'
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
  logarithmic?: boolean
  logarithmicX?: boolean
  height?: number
  /** Marks this x. */
  mark?: number | undefined
  /** Changes with the data, which are the same growing arrays. */
  version?: number
}

export function Curves(props: Props) {
  const {
    data,
    curves,
    label,
    xLabel = 'epoch',
    logarithmic = false,
    logarithmicX = false,
    height = 240,
  } = props
  const holder = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const mark = useRef<number | undefined>(undefined)
  mark.current = props.mark
  const theme = useTheme()
  const kind = JSON.stringify([curves, logarithmic, logarithmicX, height, theme, xLabel])

  useLayoutEffect(() => {
    const element = holder.current
    if (element === null) return
    const made = new uPlot(
      optionsOf({ curves, xLabel, logarithmic, logarithmicX, width: element.clientWidth, height, mark }),
      data,
      element,
    )
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
  }, [data, props.version, props.mark])

  return <div ref={holder} class="curves" role="img" aria-label={label} />
}

function tellLast(plot: uPlot): void {
  const { cursor, data } = plot
  if ((cursor.idx ?? null) === null && data[0].length > 0) plot.setLegend({ idx: data[0].length - 1 }, false)
}

const positive = (values: readonly (number | null | undefined)[]) => values.some((value) => (value ?? 0) > 0)

function optionsOf(options: {
  curves: readonly Curve[]
  xLabel: string
  logarithmic: boolean
  logarithmicX: boolean
  width: number
  height: number
  mark: { current: number | undefined }
}): uPlot.Options {
  const { curves, xLabel, logarithmic, logarithmicX, width, height, mark } = options
  const ink = token('--ink-soft')
  const grid = { stroke: token('--line'), width: 1 }
  const axis = { stroke: ink, grid, ticks: { show: false }, font: `12px ${token('--font')}` }
  // A logarithm needs something above zero to stand on.
  const y: uPlot.Scale = logarithmic
    ? { distr: 3, range: (_, low, high) => (low > 0 ? uPlot.rangeLog(low, high, 10, false) : [1e-3, 1]) }
    : {}
  return {
    width,
    height,
    legend: { live: true },
    cursor: { points: { size: 7 }, drag: { x: true, y: false } },
    scales: { x: { time: false, distr: logarithmicX ? 3 : 1 }, y },
    axes: [
      { ...axis, label: xLabel, labelSize: 18, labelFont: `12px ${token('--font')}`, size: 30 },
      {
        ...axis,
        size: 58,
        values: (_, splits) => splits.map((value) => (value === null ? '' : short(value))),
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
        value: (_: uPlot, value: number | null) => short(value),
        ...(dashed ? { dash: [5, 4] } : {}),
      })),
    ],
    hooks: {
      // Where no epoch is pointed at, the legend tells of the last one.
      setData: [tellLast],
      setCursor: [tellLast],
      drawClear: [
        (plot) => {
          if (mark.current === undefined || !positive([mark.current])) return
          const { ctx, bbox } = plot
          const x = plot.valToPos(mark.current, 'x', true)
          if (x < bbox.left || x > bbox.left + bbox.width) return
          ctx.fillStyle = token('--accent-soft')
          ctx.fillRect(x - 1, bbox.top, 3, bbox.height)
        },
      ],
    },
  }
}
