/** Routes of the page: `#/view/argument`. */
import { useEffect, useState } from 'preact/hooks'

export interface Route {
  view: string
  argument: string
}

function current(): Route {
  const [view = '', argument = ''] = location.hash.replace(/^#\/?/, '').split('/')
  return { view: view === '' ? 'runs' : view, argument: decode(argument) }
}

/** Returns the text itself if it is not valid percent-encoding, which then matches no item. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export const link = (view: string, argument = '') =>
  `#/${view}${argument === '' ? '' : `/${encodeURIComponent(argument)}`}`

export function go(view: string, argument = ''): void {
  location.hash = link(view, argument)
}

export function useRoute(): Route {
  const [route, setRoute] = useState(current)
  useEffect(() => {
    const update = () => setRoute(current())
    addEventListener('hashchange', update)
    return () => removeEventListener('hashchange', update)
  }, [])
  return route
}
