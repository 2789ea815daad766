/** `npm start`: all in one. */
import { runAllInOne } from './all-in-one.js'
import { readConfig } from './config.js'
import { greeting } from './process/greeting.js'

const config = readConfig({ LOG_LEVEL: 'warn', ...process.env })
await runAllInOne(config, {
  greet: ({ address, needsKey }) => greeting(address, config.HOST, needsKey),
})
