/** The mean score of a sweep by the values of two parameters. */
import { useMemo, useState } from 'preact/hooks'
import type { Sweep } from '../api/types.js'
import { SelectField } from '../components/field.js'
import { HeatMapTable } from '../draw/heat-map.js'
import { type Cell, toHeatMap } from '../sweeps/heat-map.js'
import { metricTitle, parameterNames, scoreText } from '../sweeps/names.js'
import { rankShare, type ScoredPoint } from '../sweeps/points.js'

interface Props {
  sweep: Pick<Sweep, 'parameters' | 'metric' | 'direction'>
  /** The best first. */
  ranked: readonly ScoredPoint[]
}

export function HeatMapCard({ sweep, ranked }: Props) {
  const { parameters, metric, direction } = sweep
  const paths = parameters.map(({ path }) => path)
  const [column, setColumn] = useState(paths[0] ?? '')
  const [row, setRow] = useState(paths[1] ?? '')
  const names = parameterNames(paths)
  const options = paths.map((path) => [path, names.get(path) ?? path] as const)
  const find = (path: string) => parameters.find((parameter) => parameter.path === path)
  const [columnParameter, rowParameter] = [find(column), find(row)]
  const map = useMemo(
    () =>
      columnParameter === undefined || rowParameter === undefined
        ? null
        : toHeatMap(ranked, columnParameter, rowParameter),
    [ranked, column, row],
  )
  if (map === null) return null
  const ordered = rankedScores(map.cells, direction)
  return (
    <div class="card">
      <div class="controls">
        <h2>Mean {metricTitle(metric)}</h2>
        {paths.length === 2 ? null : (
          <>
            <SelectField
              label="Columns"
              value={column}
              options={options.filter(([path]) => path !== row)}
              onChange={setColumn}
            />
            <SelectField
              label="Rows"
              value={row}
              options={options.filter(([path]) => path !== column)}
              onChange={setRow}
            />
          </>
        )}
      </div>
      <HeatMapTable
        map={map}
        columnName={names.get(column) ?? column}
        rowName={names.get(row) ?? row}
        caption={`Mean ${metricTitle(metric)} by ${names.get(column)} and ${names.get(row)}`}
        shareOf={(score) => rankShare(ordered.indexOf(score), ordered.length)}
        format={(score) => scoreText(metric, score)}
      />
      <p class="hint">
        Each cell has the mean over all values of the other parameters. The best cell has the strongest
        colour.
      </p>
    </div>
  )
}

/** The distinct means of the cells, the best first. */
function rankedScores(cells: readonly (readonly (Cell | null)[])[], direction: Sweep['direction']): number[] {
  const scores = cells.flat().flatMap((cell) => (cell === null ? [] : [cell.score]))
  const sign = direction === 'minimize' ? 1 : -1
  return [...new Set(scores)].sort((one, other) => sign * (one - other))
}
