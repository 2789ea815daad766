/** A header row with the names of the columns, of which `numbers` are aligned with numbers. */
export function TableHead({
  heads,
  numbers = [],
}: {
  heads: readonly string[]
  numbers?: readonly string[]
}) {
  return (
    <thead>
      <tr>
        {heads.map((head) => (
          <th key={head} scope="col" class={numbers.includes(head) ? 'number' : undefined}>
            {head}
          </th>
        ))}
      </tr>
    </thead>
  )
}
