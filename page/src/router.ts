/** Addresses within the page: `#/view/argument`. */
import { useEffect, useState } from 'preact/hooks'

export interface Route {
  view: string
  argument: string
}

function current(): Route {
  const [view = '', argument = ''] = location.hash.replace(/^#\/?/, '').split('/')
  return { view: view === '' ? 'runs' : view, argument: decoded(argument) }
}

/** An address that was typed or cut off may not be decodable; it then names nothing. */
function decoded(text: string): string {
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
    const follow = () => setRoute(current())
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  return route
}
