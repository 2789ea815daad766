/** A small curve without axes. */
const [width, height, margin] = [96, 28, 2]

export function Sparkline({ values, label }: { values: readonly (number | null)[]; label: string }) {
  const known = values.filter((value) => value !== null)
  if (known.length < 2) return <span class="sparkline" />
  const [least, greatest] = [Math.min(...known), Math.max(...known)]
  const span = greatest - least || 1
  const points = known.map((value, index) => {
    const x = margin + (index / (known.length - 1)) * (width - 2 * margin)
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
