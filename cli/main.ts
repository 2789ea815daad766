#!/usr/bin/env node
/** The command `descent`. */
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { addCommands, type Cli } from './cli.js'
import { addAdmin } from './commands/admin.js'
import { addDoctor } from './commands/doctor.js'
import { addDatasets, addJobs, addLimits, addModels } from './commands/lists.js'
import { addExport, addImport } from './commands/model-files.js'
import { addPredict } from './commands/predict.js'
import { addProfile } from './commands/profile.js'
import { addPrograms } from './commands/programs.js'
import { addSweep } from './commands/sweep.js'
import { addTrain, addWatch } from './commands/train.js'
import { addUsage } from './commands/usage.js'
import { describeError, UsageError } from './errors.js'
import { fishCompletion } from './fish-completion.js'

const words = hideBin(process.argv)

const shared: Cli = yargs(words)
  .scriptName('descent')
  // All other texts are English.
  .locale('en')
  .usage('$0 <command>')
  .option('url', { type: 'string', describe: 'Address of the service (DESCENT_URL)' })
  .option('key', { type: 'string', describe: 'API key (DESCENT_KEY)' })
  .option('profile', { type: 'string', describe: 'Profile with address and key (DESCENT_PROFILE)' })
  .option('json', { type: 'boolean', default: false, describe: 'Print JSON for programs' })

const commands = [
  ...[addTrain, addWatch, addPredict, addSweep],
  ...[addJobs, addDatasets, addModels, addLimits, addUsage],
  ...[addExport, addImport],
  ...[addAdmin],
  ...[addPrograms, addProfile, addDoctor],
]

const cli = addCommands(shared, commands, 'Name a command.')
  .completion('completion', 'Print a script for the completion of bash or zsh; of fish: completion fish')
  .strict()
  .recommendCommands()
  .wrap(Math.min(100, process.stdout.columns ?? 100))
  .epilogue(
    'Exit codes: 0 done, 1 refused by the service, 2 wrong command line, 3 training or sweep without success, ' +
      '4 service unreachable, 130 interrupted.',
  )
  .fail((message, error) => {
    // Errors of handlers are thrown, and those of the parser come as a message.
    if (error) throw error
    throw new UsageError(`${message}\nSee \`descent --help\`, or --help after the command.`)
  })

// The reader of a pipe may end first, as head does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  if (words.join(' ') === 'completion fish') process.stdout.write(fishCompletion)
  else await cli.parseAsync()
} catch (error) {
  const { code, lines } = describeError(error)
  for (const line of lines) console.error(line)
  process.exitCode = code
}
