/** The width of an element, so that drawings have legible text on every screen. */
import type { RefObject } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'

/** Before the first measurement, and wider drawings than these are not wider. */
const [initialWidth, maximumWidth] = [560, 720]

export function useWidth(container: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(initialWidth)
  useLayoutEffect(() => {
    const element = container.current
    if (element === null) return
    const measure = () => setWidth(Math.max(240, Math.min(maximumWidth, Math.floor(element.clientWidth))))
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return width
}
