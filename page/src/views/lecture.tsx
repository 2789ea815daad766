/** The lecture's demonstrations as cards: a sentence, a click, and the plot that makes the point. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import type { Refusal } from '../api/client.js'
import { Curves } from '../draw/curves.js'
import { decode } from '../draw/frame.js'
import { drawable } from '../draw/history-curves.js'
import { drawLine } from '../draw/line.js'
import { drawPlane, viewOf } from '../draw/plane.js'
import { type Demonstration, demonstrations, type Plot, type Shown } from '../lecture/demonstrations.js'
import { toRefusal } from '../parts/asking.js'
import { Icon } from '../parts/icon.js'
import { RefusalNotice } from '../parts/notice.js'
import { useTheme } from '../theme.js'

export function LectureView() {
  return (
    <section>
      <div class="heading">
        <div>
          <h1 tabIndex={-1}>Lecture</h1>
          <p class="under">Each card trains on this service, and shows what it claims.</p>
        </div>
      </div>
      <div class="cards">
        {demonstrations.map((demonstration) => (
          <Card key={demonstration.id} demonstration={demonstration} />
        ))}
      </div>
    </section>
  )
}

function Card({ demonstration: { id, title, claim, run } }: { demonstration: Demonstration }) {
  const [shown, setShown] = useState<Shown | null>(null)
  const [running, setRunning] = useState(false)
  const [problem, setProblem] = useState<Refusal | null>(null)
  const start = async () => {
    setRunning(true)
    try {
      setShown(await run())
      setProblem(null)
    } catch (error) {
      setProblem(toRefusal(error))
    }
    setRunning(false)
  }
  return (
    <article class="card demonstration" aria-labelledby={`${id}-title`} aria-busy={running}>
      <h2 id={`${id}-title`}>{title}</h2>
      <p>{claim}</p>
      <RefusalNotice refusal={problem} />
      {shown?.plots.map((plot, place) => (
        <PlotOf key={place} plot={plot} />
      ))}
      {shown === null ? null : (
        <p class="hint" role="status">
          {shown.says}
        </p>
      )}
      <div class="actions">
        <button
          type="button"
          class={shown === null ? 'primary' : ''}
          disabled={running}
          onClick={start}
          aria-label={`${shown === null ? 'Show' : 'Show again'}: ${title}`}
        >
          <Icon name="play" /> {running ? 'Training …' : shown === null ? 'Show' : 'Show again'}
        </button>
      </div>
    </article>
  )
}

function PlotOf({ plot }: { plot: Plot }) {
  switch (plot.type) {
    case 'curves': {
      const logarithmic = plot.linearY !== true
      const tables = plot.lines.map(({ x, y }): uPlot.AlignedData => [x, drawable(y, logarithmic)])
      return (
        <Curves
          data={uPlot.join(tables)}
          curves={plot.lines.map(({ label }, place) => ({ label, colour: `--series-${place + 1}` }))}
          xLabel={plot.x}
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
            <Answers key={map.title} {...map} />
          ))}
        </div>
      )
    case 'bars':
      return <Bars {...plot} />
    case 'signals':
      return <Signals {...plot} />
    case 'table':
      return (
        <table class="plain small">
          <thead>
            <tr>
              {plot.heads.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {plot.rows.map((row) => (
              <tr key={row[0]}>
                {row.map((cell, place) => (
                  <td key={place}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )
    default:
      return plot satisfies never
  }
}

function Answers({
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
    else drawPlane(canvas.current, viewOf(frame), frame, points, 0.5)
  }, [message, points, samples, theme])
  return (
    <figure>
      <canvas
        ref={canvas}
        width={360}
        height={inputs === 1 ? 240 : 360}
        role="img"
        aria-label={`What the network answers: ${title}`}
      />
      <figcaption>{title}</figcaption>
    </figure>
  )
}

function Bars({ unit, bars }: Extract<Plot, { type: 'bars' }>) {
  const logs = bars.map(({ value }) => Math.log10(Math.max(value, 1e-12)))
  const [least, greatest] = [Math.floor(Math.min(...logs)), Math.max(...logs)]
  return (
    <figure class="bars">
      {bars.map(({ label, note }, place) => (
        <div key={label}>
          <span>{label}</span>
          <meter
            min={0}
            max={1}
            value={Math.max(0.02, ((logs[place] ?? 0) - least) / (greatest - least || 1))}
            aria-label={`${label}: ${note}`}
          />
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
      <thead>
        <tr>
          {heads.map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, place) => (
          <tr key={place}>
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
