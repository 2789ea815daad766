/** A plot of a demonstration with its title, and the files that it is exported as. */
import { useRef } from 'preact/hooks'
import type { Plot } from '../../../../examples/lecture/plot.js'
import { TableHead } from '../../components/table-head.js'
import { savePng, saveSvg } from '../export-figure.js'
import { BarsFigure } from './bars-figure.js'
import { ChartFigure } from './chart-figure.js'
import { NetworkFigure } from './network-figure.js'
import { PlanesFigure } from './planes-figure.js'
import { PicturesFigure, SignalsFigure } from './signals-figure.js'
import { SurfaceFigure } from './surface-figure.js'
import { useWidth } from './use-width.js'

interface Props {
  plot: Plot
  /** In the exported files. */
  spec: object
}

export function Figure({ plot, spec }: Props) {
  switch (plot.type) {
    case 'table':
      return (
        <figure class={`lecture-figure ${plot.heads.length > 3 ? '' : 'narrow'}`}>
          <figcaption>{plot.title}</figcaption>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling by keyboard needs focus */}
          <section class="scroll" tabIndex={0} aria-label={plot.title}>
            <table class="plain small">
              <TableHead heads={[...plot.heads]} />
              <tbody>
                {plot.rows.map((row, index) => (
                  <tr key={index}>
                    {row.map((cell, column) => (
                      <td key={column}>{cell}</td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </figure>
      )
    case 'words':
      return (
        <div class="lecture-words">
          {plot.lines.map((line) => (
            <p key={line}>{line}</p>
          ))}
        </div>
      )
    default:
      return <Drawn plot={plot} spec={spec} />
  }
}

type DrawnPlot = Exclude<Plot, { type: 'table' | 'words' }>

function Drawn({ plot, spec }: { plot: DrawnPlot; spec: object }) {
  const container = useRef<HTMLDivElement>(null)
  const width = useWidth(container)
  const save = (to: (name: string, drawing: SVGSVGElement, spec: object) => unknown) => {
    const drawing = container.current?.querySelector('svg')
    const name = plot.title.toLowerCase().replace(/[^a-z0-9]+/g, '-')
    if (drawing) void to(name, drawing, { ...spec, figure: plot })
  }
  return (
    <figure class="lecture-figure">
      <div class="figure-head">
        <figcaption>{plot.title}</figcaption>
        <div class="exports">
          <button type="button" onClick={() => save(saveSvg)} aria-label={`Save as SVG: ${plot.title}`}>
            SVG
          </button>
          <button type="button" onClick={() => save(savePng)} aria-label={`Save as PNG: ${plot.title}`}>
            PNG
          </button>
        </div>
      </div>
      <div ref={container} class="drawing">
        <Drawing plot={plot} width={width} />
      </div>
    </figure>
  )
}

function Drawing({ plot, width }: { plot: DrawnPlot; width: number }) {
  switch (plot.type) {
    case 'chart':
      return <ChartFigure chart={plot} width={width} />
    case 'bars':
      return <BarsFigure plot={plot} width={width} />
    case 'surface':
      return <SurfaceFigure plot={plot} width={width} />
    case 'planes':
      return <PlanesFigure plot={plot} width={width} />
    case 'signals':
      return <SignalsFigure plot={plot} width={width} />
    case 'pictures':
      return <PicturesFigure plot={plot} width={width} />
    case 'network':
      return <NetworkFigure network={plot.network} />
    default:
      return plot satisfies never
  }
}
