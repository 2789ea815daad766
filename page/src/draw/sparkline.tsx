/** A small curve without axes. */
const [width, height, margin] = [96, 28, 2]

export function Sparkline({ values, label }: { values: readonly (number | null)[]; label: string }) {
  const numbers = values.filter((value) => value !== null)
  if (numbers.length < 2) return <span class="sparkline" />
  const [least, greatest] = [Math.min(...numbers), Math.max(...numbers)]
  const span = greatest - least || 1
  const points = numbers.map((value, index) => {
    const x = margin + (index / (numbers.length - 1)) * (width - 2 * margin)
    const y = margin + (1 - (value - least) / span) * (height - 2 * margin)
    return `${x.toFixed(1)},${y.toFixed(1)}`
  })
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={label}
    >
      <polyline points={points.join(' ')} />
    </svg>
  )
}
