/** `npm run keys`: manages keys and limits of tenants, in the embedded database or the one of DATABASE_URL. */
import { readCommand, usage } from './key-commands.js'
import { UsageError, wantsUsage } from './options.js'

const words = process.argv.slice(2)
try {
  if (wantsUsage(words)) console.log(usage)
  else {
    const command = readCommand(words)
    // Loading the database takes longer than reading the words, which may be wrong.
    const { runCommand } = await import('./run-command.js')
    await runCommand(command)
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  if (error instanceof UsageError) console.error(`\n${usage}`)
  process.exitCode = 1
}
