import { render } from 'preact'
import { App } from './app.js'
import './style/index.css'
import { startTheme } from './theme.js'

startTheme()
const root = document.getElementById('root')
if (root !== null) render(<App />, root)
