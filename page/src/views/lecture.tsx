/** The demonstrations of the lecture as cards, each run by a click. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import { parityOfThree, truthTableRows } from '../../../examples/lecture/boolean-function.js'
import { catalogue, type DemonstrationId } from '../../../examples/lecture/catalogue.js'
import type { ApiError } from '../api/client.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { Meter } from '../components/meter.js'
import { ErrorNotice } from '../components/notice.js'
import { TableHead } from '../components/table-head.js'
import { toApiError } from '../components/use-query.js'
import { Curves } from '../draw/curves.js'
import { decode } from '../draw/frame.js'
import { drawable } from '../draw/history-curves.js'
import { drawLine } from '../draw/line.js'
import { drawPlane, frameView } from '../draw/plane.js'
import type { Plot, Result } from '../lecture/plot.js'
import { runs } from '../lecture/runs.js'
import { useTheme } from '../theme.js'

const demonstrationIds = Object.keys(catalogue).filter((id): id is DemonstrationId => id in catalogue)

export function LectureView() {
  return (
    <section>
      <div class="heading">
        <div>
          <Heading>Lecture</Heading>
          <p class="under">Each demonstration trains networks on this service and plots the result.</p>
        </div>
      </div>
      <div class="cards">
        {demonstrationIds.map((id) => (
          <Card key={id} id={id} />
        ))}
      </div>
    </section>
  )
}

function Card({ id }: { id: DemonstrationId }) {
  const { title, claim, plots, assertion } = catalogue[id]
  const [trueRows, setTrueRows] = useState(parityOfThree)
  const [result, setResult] = useState<Result | null>(null)
  const [isRunning, setRunning] = useState(false)
  const [problem, setProblem] = useState<ApiError | null>(null)
  const start = async () => {
    setRunning(true)
    try {
      setResult(await runs[id](trueRows))
      setProblem(null)
    } catch (error) {
      setProblem(toApiError(error))
    }
    setRunning(false)
  }
  return (
    <article class="card demonstration" aria-labelledby={`${id}-title`} aria-busy={isRunning}>
      <h2 id={`${id}-title`}>{title}</h2>
      <p>{claim}</p>
      {id === 'boolean-function' ? <TruthTable trueRows={trueRows} onChange={setTrueRows} /> : null}
      <ErrorNotice error={problem} />
      {result?.plots.map((plot, index) => (
        <PlotView key={index} plot={plot} />
      ))}
      {result === null ? (
        <p class="hint">Plots {plots.page}.</p>
      ) : (
        <div class="hint" role="status">
          <p>{result.summary}</p>
          <p>
            {result.holds ? 'Confirmed' : 'Not confirmed'}: {assertion}
          </p>
        </div>
      )}
      <div class="actions">
        <button
          type="button"
          class={result === null ? 'primary' : ''}
          disabled={isRunning}
          onClick={start}
          aria-label={`${result === null ? 'Run' : 'Run again'}: ${title}`}
        >
          <Icon name="play" /> {isRunning ? 'Training …' : result === null ? 'Run' : 'Run again'}
        </button>
      </div>
    </article>
  )
}

/** Buttons to choose which combinations of three inputs are true. */
function TruthTable(props: { trueRows: readonly number[]; onChange(trueRows: readonly number[]): void }) {
  const { trueRows, onChange } = props
  return (
    <fieldset class="truth">
      <legend>True where x₁ x₂ x₃ are</legend>
      {truthTableRows(3).map((bits, row) => (
        <button
          key={row}
          type="button"
          class="chip"
          aria-pressed={trueRows.includes(row)}
          onClick={() =>
            onChange(
              trueRows.includes(row)
                ? trueRows.filter((other) => other !== row)
                : [...trueRows, row].sort((a, b) => a - b),
            )
          }
        >
          {bits.join(' ')}
        </button>
      ))}
    </fieldset>
  )
}

function PlotView({ plot }: { plot: Plot }) {
  switch (plot.type) {
    case 'curves': {
      const logarithmic = plot.linearY !== true
      const tables = plot.lines.map(({ x, y }): uPlot.AlignedData => [x, drawable(y, logarithmic)])
      return (
        <Curves
          data={uPlot.join(tables)}
          curves={plot.lines.map(({ label }, index) => ({ label, colour: `--series-${index + 1}` }))}
          xLabel={plot.x}
          yLabel={plot.y}
          logarithmic={logarithmic}
          logarithmicX={plot.logarithmicX ?? false}
          height={220}
          label={`${plot.y} against ${plot.x}: ${plot.lines.map(({ label }) => label).join(', ')}`}
        />
      )
    }
    case 'maps':
      return (
        <div class="maps">
          {plot.maps.map((map) => (
            <OutputMap key={map.title} {...map} />
          ))}
        </div>
      )
    case 'bars':
      return <Bars {...plot} />
    case 'signals':
      return <Signals {...plot} />
    case 'table':
      return (
        <table class="plain small wrapping">
          <TableHead heads={plot.heads} />
          <tbody>
            {plot.rows.map((row) => (
              <tr key={row[0]}>
                {row.map((cell, index) => (
                  <td key={index}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )
    case 'pictures':
      return (
        <div class="pictures">
          {plot.pictures.map((picture, index) => (
            <Picture key={index} side={plot.side} {...picture} />
          ))}
        </div>
      )
    default:
      return plot satisfies never
  }
}

function OutputMap({
  title,
  frame: message,
  points,
  samples,
}: Extract<Plot, { type: 'maps' }>['maps'][number]) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const theme = useTheme()
  const inputs = message.axes.length
  useLayoutEffect(() => {
    if (canvas.current === null) return
    const frame = decode(message)
    if (inputs === 1) drawLine(canvas.current, frame, samples)
    else drawPlane(canvas.current, frameView(frame), frame, points, 0.5)
  }, [message, points, samples, theme])
  return (
    <figure>
      <canvas
        ref={canvas}
        width={360}
        height={inputs === 1 ? 240 : 360}
        role="img"
        aria-label={`Output of the network: ${title}`}
      />
      <figcaption>{title}</figcaption>
    </figure>
  )
}

function Picture({ side, pixels, caption }: { side: number; pixels: number[]; caption: string }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    const image = context.createImageData(side, side)
    pixels.forEach((ink, index) => {
      image.data.fill(255 * (1 - ink), 4 * index, 4 * index + 3)
      image.data[4 * index + 3] = 255
    })
    context.putImageData(image, 0, 0)
  }, [side, pixels])
  return (
    <figure>
      <canvas
        ref={canvas}
        width={side}
        height={side}
        role="img"
        aria-label={`Image, predicted: ${caption}`}
      />
      <figcaption>{caption}</figcaption>
    </figure>
  )
}

function Bars({ unit, bars }: Extract<Plot, { type: 'bars' }>) {
  const logs = bars.map(({ value }) => Math.log10(Math.max(value, 1e-12)))
  const [least, greatest] = [Math.floor(Math.min(...logs)), Math.max(...logs)]
  return (
    <figure class="bars">
      {bars.map(({ label, note }, index) => (
        <div key={label}>
          <span>{label}</span>
          <Meter share={Math.max(0.02, ((logs[index] ?? 0) - least) / (greatest - least || 1))} />
          <span class="figure">{note}</span>
        </div>
      ))}
      <figcaption>{unit}</figcaption>
    </figure>
  )
}

const [signalWidth, signalHeight] = [120, 34]

function Signals({ heads, rows }: Extract<Plot, { type: 'signals' }>) {
  return (
    <table class="signals">
      <TableHead heads={heads} />
      <tbody>
        {rows.map((row, rowIndex) => (
          <tr key={rowIndex}>
            {row.map((signal, column) => (
              <td key={column}>
                <svg
                  viewBox={`0 0 ${signalWidth} ${signalHeight}`}
                  role="img"
                  aria-label={`${heads[column]}: ${signal.map((value) => value.toFixed(1)).join(' ')}`}
                >
                  {signal.map((value, index) => {
                    const step = signalWidth / signal.length
                    const size = (Math.min(1, Math.abs(value)) * signalHeight) / 2
                    const top = value >= 0 ? signalHeight / 2 - size : signalHeight / 2
                    return (
                      <rect
                        key={index}
                        x={index * step + 0.5}
                        y={top}
                        width={step - 1}
                        height={Math.max(0.6, size)}
                      />
                    )
                  })}
                </svg>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
