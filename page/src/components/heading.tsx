/** The heading of a view. Sets the title of the document and receives focus when the view changes. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'

export function Heading({ children }: { children: string }) {
  const heading = useRef<HTMLHeadingElement>(null)
  // The focused element may have been removed with the previous view or the loading state.
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
