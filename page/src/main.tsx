import { render } from 'preact'
import { App } from './app.js'
import './style/tokens.css'
import './style/base.css'
import './style/views.css'
import { startTheme } from './theme.js'

startTheme()
const root = document.getElementById('root')
if (root !== null) render(<App />, root)
