/** The completion of fish, with the built command in the PATH. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fishCompletion } from '../../cli/fish-completion.js'
import { temporaryFolder } from '../support/service.js'

const folder = temporaryFolder()
const script = join(folder.path, 'descent.fish')
const environment = {
  ...process.env,
  PATH: [join(folder.path, 'bin'), process.env.PATH].join(delimiter),
  HOME: folder.path,
}

function hasFish(): boolean {
  try {
    execFileSync('fish', ['--version'])
    return true
  } catch {
    return false
  }
}

/** What fish lists after a part of a command line. */
const complete = (line: string): string[] =>
  execFileSync('fish', ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', script, line], {
    cwd: folder.path,
    env: environment,
    encoding: 'utf8',
  })
    .trimEnd()
    .split('\n')

const words = (line: string) => complete(line).map((each) => each.split('\t')[0])

describe.skipIf(!hasFish())('fish', () => {
  beforeAll(() => {
    const main = join(process.cwd(), 'dist/cli/main.js')
    mkdirSync(join(folder.path, 'bin'))
    const command = join(folder.path, 'bin/descent')
    writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
    chmodSync(command, 0o755)
    writeFileSync(join(folder.path, 'flowers.csv'), '')
    writeFileSync(script, execFileSync(command, ['completion', 'fish']))
  })

  afterAll(() => folder.remove())

  it('reads the script without an error', () => {
    execFileSync('fish', ['--no-execute', script])
    expect(fishCompletion).toContain('descent.fish')
  })

  it('completes commands, and says what they do', () => {
    expect(words('descent ')).toEqual(expect.arrayContaining(['train', 'export', 'completion']))
    expect(complete('descent exp')).toEqual(['export\tSave a model as a file of another program'])
    expect(words('descent jobs ')).toEqual(expect.arrayContaining(['cancel', 'pause', 'resume']))
  })

  it('completes options and their values', () => {
    expect(words('descent train --dat')).toEqual(['--dataset'])
    expect(words('descent export mdl_1 --format ')).toEqual(expect.arrayContaining(['onnx', 'pytorch']))
  })

  it('completes files where no word fits', () => {
    expect(words('descent train flow')).toEqual(['flowers.csv'])
  })
})
