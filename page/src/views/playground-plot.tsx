/** The plot of the playground: what the network answers at the epoch that is shown, and its losses. */
import { useMemo } from 'preact/hooks'
import { FigureList } from '../components/figure-list.js'
import { BoundaryCanvas } from '../draw/boundary-canvas.js'
import type { Point, View } from '../draw/plane.js'
import { short } from '../format.js'
import { isTruthTable } from '../playground/data.js'
import { labelledRows, type Part, partLosses } from '../playground/losses.js'
import type { Playground } from '../playground/use-playground.js'
import { TimeControls } from './playground-time.js'

/** Axes for custom points. */
const square: View = { left: -1, right: 1, bottom: -1, top: 1 }
/** Axes for truth tables. */
const unit: View = { left: -0.25, right: 1.25, bottom: -0.25, top: 1.25 }

export function PlotCard({ playground }: { playground: Playground }) {
  const { settings, rows, heldOut, addPoint, run, time } = playground
  const { shape } = settings
  const points = useMemo(
    () => rows.points.map((point, row) => (heldOut.has(row) ? { ...point, isHeldOut: true } : point)),
    [rows, heldOut],
  )
  const around = useMemo(() => viewAround(rows.points), [rows])
  return (
    <div class="card plot-card">
      <figure class="boundary">
        <BoundaryCanvas
          frame={time.frame}
          job={run.job}
          points={points}
          samples={rows.samples}
          view={isTruthTable(shape) ? unit : shape === 'points' ? square : around}
          inputs={rows.inputs.length}
          onPoint={shape === 'points' ? addPoint : undefined}
        />
        <TimeControls playground={playground} />
        <Losses playground={playground} />
      </figure>
    </div>
  )
}

const lossNames: Record<Part, string> = {
  training: 'Training loss',
  validation: 'Validation loss',
  test: 'Test loss',
}

/** Computed in the page, from the weights after the epoch. */
function Losses({ playground: { network, rows, heldOut } }: { playground: Playground }) {
  const figures = useMemo(
    () =>
      network === null
        ? []
        : partLosses(network, labelledRows(rows), heldOut).map(([part, loss]): [string, string] => [
            lossNames[part],
            short(loss),
          ]),
    [network, rows, heldOut],
  )
  if (figures.length === 0) return null
  return (
    <>
      <FigureList figures={figures} small />
      {heldOut.size === 0 ? null : <p class="hint">The training does not use the hollow points.</p>}
    </>
  )
}

function viewAround(points: readonly Point[]): View {
  const xs = points.map(({ x }) => x)
  const ys = points.map(({ y }) => y)
  const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
  const [marginX, marginY] = [(right - left) / 4, (top - bottom) / 4]
  return { left: left - marginX, right: right + marginX, bottom: bottom - marginY, top: top + marginY }
}
