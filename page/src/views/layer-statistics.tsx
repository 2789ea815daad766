/** Statistics of the layers of a run with `watch`, with their course over the epochs. */
import type { EpochStatistics, Job, LayerStatistics } from '../api/types.js'
import { TableHead } from '../components/table-head.js'
import { useQuery } from '../components/use-query.js'
import { Sparkline } from '../draw/sparkline.js'
import { percent, short } from '../format.js'

const pollMilliseconds = 5_000

interface Column {
  title: string
  value(layer: LayerStatistics): number | null
  text(value: number): string
}

const columns: readonly Column[] = [
  { title: 'Weights', value: ({ weightNorm }) => weightNorm, text: short },
  { title: 'Gradient', value: ({ gradientNorm }) => gradientNorm, text: short },
  { title: 'Update / weights', value: relativeUpdate, text: short },
  { title: 'Dead units', value: ({ deadUnits }) => deadUnits, text: percent },
  { title: 'Saturated', value: ({ saturated }) => saturated, text: percent },
]

function relativeUpdate({ updateNorm, weightNorm }: LayerStatistics): number | null {
  return updateNorm === null || weightNorm === null || weightNorm === 0 ? null : updateNorm / weightNorm
}

export function LayerStatisticsCard({ job }: { job: Job }) {
  const period = job.status === 'running' ? pollMilliseconds : undefined
  const key = `${job.id} ${job.status}`
  const list = useQuery(
    key,
    (client) => client.request('GET /jobs/{id}/statistics', { path: { id: job.id } }),
    period,
  ).latest?.data
  const last = list?.at(-1)
  if (list === undefined || last === undefined) return null
  const shown = columns.filter(({ value }) => last.layers.some((layer) => value(layer) !== null))
  const titles = shown.map(({ title }) => title)
  return (
    <div class="card" id="layer-statistics">
      <h2>Layers after epoch {last.epoch}</h2>
      <p class="hint">
        L2 norms of the weights and of their gradient in the last step. An update of about a thousandth of the
        weights is usual. The curves begin with epoch {list[0].epoch}.
      </p>
      <div class="scroll">
        <table class="plain">
          <TableHead heads={['Layer', ...titles]} numbers={titles} />
          <tbody>
            {last.layers.map((layer) => (
              <tr key={layer.layer}>
                <td>{layerName(job, layer.layer)}</td>
                {shown.map((column) => (
                  <ValueCell key={column.title} column={column} layer={layer} list={list} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {last.largestLogit === null ? null : (
        <p class="hint">The largest output before the last activation is {short(last.largestLogit)}.</p>
      )}
    </div>
  )
}

function ValueCell(props: { column: Column; layer: LayerStatistics; list: readonly EpochStatistics[] }) {
  const { column, layer, list } = props
  const value = column.value(layer)
  const course = list.map(({ layers }) => {
    const then = layers.find((each) => each.layer === layer.layer)
    return then === undefined ? null : column.value(then)
  })
  return (
    <td class="number">
      {value === null ? (
        '–'
      ) : (
        <>
          <Sparkline values={course} label={`${column.title} by epoch`} /> {column.text(value)}
        </>
      )}
    </td>
  )
}

function layerName({ spec }: Job, index: number): string {
  const layer = spec.network.layers[index]
  const activation = 'activation' in layer ? `, ${layer.activation}` : ''
  return `${index}: ${layer.type}${activation}`
}
