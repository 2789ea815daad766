import type { ComponentChildren } from 'preact'
import { TableHead } from './table-head.js'

/** A card with a table of rows. */
export function TableCard(props: {
  heads: readonly string[]
  /** The heads of columns of numbers. */
  numbers?: readonly string[]
  children: ComponentChildren
}) {
  const { heads, numbers, children } = props
  return (
    <div class="card scroll">
      <table class="plain rows">
        <TableHead heads={heads} numbers={numbers} />
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}
