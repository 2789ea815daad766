/** A table of cells, coloured by their mean score. */
import type { HeatMap } from '../sweeps/heat-map.js'

interface Props {
  map: HeatMap
  columnName: string
  rowName: string
  caption: string
  /** From the worst (0) to the best (1). */
  shareOf(score: number): number
  format(score: number): string
}

export function HeatMapTable({ map, columnName, rowName, caption, shareOf, format }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling by keyboard needs focus
    <section class="scroll" tabIndex={0} aria-label={caption}>
      <table class="heat-map">
        <thead>
          <tr>
            <th scope="col">
              {rowName} ↓ {columnName} →
            </th>
            {map.columns.map((name) => (
              <th scope="col" key={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {map.rows.map((name, row) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {map.columns.map((column, index) => {
                const cell = map.cells[row]?.[index] ?? null
                return cell === null ? (
                  <td key={column} class="none">
                    –
                  </td>
                ) : (
                  <td
                    key={column}
                    style={{ '--share': shareOf(cell.score) }}
                    title={cell.points === 1 ? '1 point' : `mean of ${cell.points} points`}
                  >
                    {format(cell.score)}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
