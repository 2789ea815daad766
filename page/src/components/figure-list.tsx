/** A row of named figures. */
import type { ComponentChildren } from 'preact'

interface Props {
  /** Figures with value null are omitted. */
  figures: readonly (readonly [name: string, value: ComponentChildren])[]
  small?: boolean
  /** Makes the list a live region with this name. */
  liveLabel?: string
}

export function FigureList({ figures, small = false, liveLabel }: Props) {
  const live = liveLabel === undefined ? {} : ({ 'aria-live': 'polite', 'aria-label': liveLabel } as const)
  return (
    <dl class={small ? 'figures small' : 'figures'} {...live}>
      {figures.map(([name, value]) =>
        value === null ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  )
}
