/** Whether an element has been near what is seen of the page; most rows of a long table never are. */
import type { RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'

const isNear = new WeakMap<Element, (visible: boolean) => void>()

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) isNear.get(target)?.(isIntersecting)
  },
  { rootMargin: '200px' },
)

export function useVisible(element: RefObject<Element | null>): boolean {
  const [visible, setVisible] = useState(false)
  useEffect(() => {
    const { current } = element
    if (current === null) return
    isNear.set(current, setVisible)
    observer.observe(current)
    return () => observer.unobserve(current)
  }, [])
  return visible
}
