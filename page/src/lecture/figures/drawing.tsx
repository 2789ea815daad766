/** A drawing of a figure, with the text that screen readers announce. */
import type { ComponentChildren } from 'preact'

interface Props {
  width: number
  height: number
  label: string
  class?: string
  children: ComponentChildren
}

export function Drawing({ width, height, label, children, ...rest }: Props) {
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={label}
      {...rest}
    >
      {children}
    </svg>
  )
}
