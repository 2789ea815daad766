/** Switches between the light and the dark theme. */
import { switchTheme, useTheme } from '../theme.js'
import { Icon } from './icon.js'

export function ThemeButton() {
  const theme = useTheme()
  return (
    <button
      type="button"
      class="icon"
      aria-label={theme === 'dark' ? 'Use the light theme' : 'Use the dark theme'}
      onClick={switchTheme}
    >
      <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
    </button>
  )
}
