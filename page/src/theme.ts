/** Light or dark: as the system says, until the switch says otherwise. */
import { useEffect, useState } from 'preact/hooks'

export type Theme = 'light' | 'dark'

const system = matchMedia('(prefers-color-scheme: dark)')
const stored = 'descent-theme'

function chosen(): Theme | null {
  const value = localStorage.getItem(stored)
  return value === 'light' || value === 'dark' ? value : null
}

let theme: Theme = 'light'
const listeners = new Set<() => void>()

function apply(): void {
  theme = chosen() ?? (system.matches ? 'dark' : 'light')
  document.documentElement.dataset.theme = theme
  for (const tell of listeners) tell()
}

export function startTheme(): void {
  system.addEventListener('change', apply)
  apply()
}

export function switchTheme(): void {
  localStorage.setItem(stored, theme === 'dark' ? 'light' : 'dark')
  apply()
}

/** Canvases do not follow the style sheet; they draw anew when the theme changes. */
export function useTheme(): Theme {
  const [now, setNow] = useState(theme)
  useEffect(() => {
    const follow = () => setNow(theme)
    listeners.add(follow)
    follow()
    return () => void listeners.delete(follow)
  }, [])
  return now
}

/** A custom property of the style sheet, such as `--ink`. */
export const token = (name: string) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim()

export const prefersReducedMotion = () => matchMedia('(prefers-reduced-motion: reduce)').matches
