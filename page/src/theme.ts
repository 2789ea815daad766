/** Light or dark theme. Follows the system until the reader chooses one. */
import { useEffect, useState } from 'preact/hooks'

type Theme = 'light' | 'dark'

const system = matchMedia('(prefers-color-scheme: dark)')
const storageKey = 'descent-theme'

function chosen(): Theme | null {
  const value = localStorage.getItem(storageKey)
  return value === 'light' || value === 'dark' ? value : null
}

let theme: Theme = 'light'
const listeners = new Set<() => void>()

function apply(): void {
  theme = chosen() ?? (system.matches ? 'dark' : 'light')
  document.documentElement.dataset.theme = theme
  for (const notify of listeners) notify()
}

export function startTheme(): void {
  system.addEventListener('change', apply)
  apply()
}

export function switchTheme(): void {
  localStorage.setItem(storageKey, theme === 'dark' ? 'light' : 'dark')
  apply()
}

/** Re-renders when the theme changes, since canvases do not follow the style sheet. */
export function useTheme(): Theme {
  const [now, setNow] = useState(theme)
  useEffect(() => {
    const update = () => setNow(theme)
    listeners.add(update)
    update()
    return () => void listeners.delete(update)
  }, [])
  return now
}

/** A custom property of the style sheet, such as `--ink`. */
export const token = (name: string) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim()

export const prefersReducedMotion = () => matchMedia('(prefers-reduced-motion: reduce)').matches
