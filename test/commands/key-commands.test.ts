/** The words of `npm run keys` that are refused before a database is opened. */
import { expect, it } from 'vitest'
import { readCommand } from '../../src/commands/key-commands.js'
import { UsageError } from '../../src/commands/options.js'

const model = `mdl_${'0'.repeat(32)}`

it.each([
  [[], 'No command was given'],
  [['make'], 'Unknown command: make'],
  [['create', '--scopes', 'jobs:read'], '--tenant is missing'],
  [['create', '--tenant', 'Blue!', '--scopes', 'jobs:read'], 'lower-case'],
  [['create', '--tenant', 'blue', '--scopes', 'jobs:fly'], 'jobs:fly'],
  [['create', '--tenant', 'blue', '--scopes', 'jobs:read', '--expires', 'soon'], '90d or 12h'],
  [['create', '--tenant', 'blue', '--scopes', 'jobs:read', '--forever'], '--forever'],
  [
    ['create', '--tenant', 'blue', '--scopes', 'models:predict', '--models', model],
    'requires --predict-only',
  ],
  [['create', '--tenant', 'blue', '--predict-only'], 'requires --models'],
  [['create', '--tenant', 'blue', '--predict-only', '--models', 'all'], '--models all'],
  [
    ['create', '--tenant', 'blue', '--predict-only', '--scopes', 'jobs:read', '--models', model],
    'one of them',
  ],
  [
    ['create', '--tenant', 'blue', '--predict-only', '--models', Array(101).fill(model).join()],
    'at most 100',
  ],
  [['revoke'], 'the id of a key'],
  [['limits', '--epochs', '5'], '--tenant is missing'],
  [['limits', '--tenant', 'blue', '--epochs', 'many'], '--epochs many'],
  [['limits', '--tenant', 'blue', '--queued-jobs', '0'], '--queued-jobs 0'],
  [['limits', '--tenant', 'blue', '--queued-jobs', '1.5'], '--queued-jobs 1.5'],
  [['limits', '--tenant', 'blue', '--arena-bytes', '1e12'], '--arena-bytes 1e12'],
  [['limits', '--tenant', 'blue', '--threads', '5'], '--threads'],
])('%j are refused', (words, says) => {
  const read = () => readCommand(words)
  expect(read).toThrow(UsageError)
  expect(read).toThrow(says)
})
