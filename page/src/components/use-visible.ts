/** Whether an element is in or near the viewport. Saves work for the rows of a long table that are not. */
import type { RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'

const callbacks = new WeakMap<Element, (visible: boolean) => void>()

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) callbacks.get(target)?.(isIntersecting)
  },
  { rootMargin: '200px' },
)

export function useVisible(element: RefObject<Element | null>): boolean {
  const [visible, setVisible] = useState(false)
  useEffect(() => {
    const { current } = element
    if (current === null) return
    callbacks.set(current, setVisible)
    observer.observe(current)
    return () => observer.unobserve(current)
  }, [])
  return visible
}
