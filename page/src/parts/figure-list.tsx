/** Named figures beside each other. */
import type { ComponentChildren } from 'preact'

interface Props {
  /** Those without a value are left out. */
  figures: readonly (readonly [name: string, value: ComponentChildren])[]
  small?: boolean
  /** What the list is called where its changes are read out. */
  spokenAs?: string
}

export function FigureList({ figures, small = false, spokenAs }: Props) {
  const spoken = spokenAs === undefined ? {} : ({ 'aria-live': 'polite', 'aria-label': spokenAs } as const)
  return (
    <dl class={small ? 'figures small' : 'figures'} {...spoken}>
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
