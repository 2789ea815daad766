/** The heading of a view: it names the browser's tab, and is where a screen reader goes on after a change of view. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'

export function Heading({ children }: { children: string }) {
  const heading = useRef<HTMLHeadingElement>(null)
  // What was focused may have gone with the view before, or with what stood here while it was waited for.
  useLayoutEffect(() => {
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true })
  }, [])
  useEffect(() => {
    document.title = `${children} · Descent`
  }, [children])
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  )
}
