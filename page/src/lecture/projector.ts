/** Projector mode: large type and high contrast, by a button or the key P. */
import { useEffect, useState } from 'preact/hooks'

const isOn = () => document.documentElement.dataset.projector === 'on'

export function useProjector(): { isProjecting: boolean; switchProjector(): void } {
  const [isProjecting, setProjecting] = useState(isOn)
  const switchProjector = () => {
    document.documentElement.dataset.projector = isOn() ? 'off' : 'on'
    setProjecting(isOn())
  }
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLElement && event.target.matches('input, select, textarea')
      if (event.key === 'p' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey)
        switchProjector()
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [])
  // Other views have their own size.
  useEffect(() => () => void delete document.documentElement.dataset.projector, [])
  return { isProjecting, switchProjector }
}
