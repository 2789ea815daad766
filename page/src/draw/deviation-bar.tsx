/** A bar from 0 to a mean, with a line of one deviation to each side. The numbers are shown beside it. */
interface Props {
  mean: number
  deviation: number
  /** The values at the left and right end of the drawing; 0 is between them. */
  range: { least: number; greatest: number }
}

const [width, height] = [200, 16]

export function DeviationBar({ mean, deviation, range: { least, greatest } }: Props) {
  const across = (value: number) => ((value - least) / (greatest - least)) * width
  const middle = height / 2
  return (
    <svg
      class="deviation-bar"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <rect
        x={across(Math.min(0, mean))}
        y={3}
        width={Math.abs(across(mean) - across(0))}
        height={height - 6}
      />
      <line class="zero" x1={across(0)} x2={across(0)} y1={0} y2={height} />
      <line x1={across(mean - deviation)} x2={across(mean + deviation)} y1={middle} y2={middle} />
    </svg>
  )
}
