/** The command `descent` against the built service: what people and programs read, files, and exit codes. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exitCodes } from '../../cli/errors.js'
import { freshDatabaseOfTest } from '../support/postgres.js'
import { eventually } from '../support/service.js'
import { sharedService } from '../support/shared.js'

let service: { url: string }
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'descent-command-'))
  copyFileSync('examples/iris.csv', join(folder, 'iris.csv'))
  service = await sharedService()
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true }))

const main = join(process.cwd(), 'dist/cli/main.js')

function start(words: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main, ...words], {
    cwd: folder,
    env: { ...process.env, DESCENT_URL: service.url, XDG_CONFIG_HOME: folder, ...environment },
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  return { child, output: () => ({ stdout, stderr }) }
}

async function descent(words: readonly string[], input?: string, environment?: Record<string, string>) {
  const { child, output } = start(words, environment)
  child.stdin.end(input)
  const [code]: (number | null)[] = await once(child, 'close')
  return { code, ...output() }
}

/** The JSON that a command prints. */
async function json(...words: string[]) {
  const { code, stdout, stderr } = await descent([...words, '--json'])
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout)
}

const xor = {
  dataset: 'xor',
  network: {
    layers: [
      { type: 'dense', units: 4, activation: 'tanh' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
  },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.05 },
  epochs: 500,
  seed: 1,
}

describe('descent train', () => {
  it('uploads a file, shows the epochs and names the model, which predicts', async () => {
    const { code, stdout, stderr } = await descent(['train', '--dataset', 'iris.csv', '--epochs', '40'])
    expect(code).toBe(0)
    expect(stderr).toMatch(/^Job job_[0-9a-f]{32}$/m)
    expect(stdout).toMatch(/^epoch 40\/40 {2}loss [\d.]+ {2}accuracy [\d.]+/m)
    expect(stdout).toMatch(/1[34]\d of 150 rows/)
    const [, model = ''] = /descent predict (mdl_[0-9a-f]{32}) rows\.csv/.exec(stdout) ?? []
    const predicted = await descent(['predict', model, 'iris.csv'])
    expect(predicted.code).toBe(0)
    const lines = predicted.stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(151)
    expect(lines[0]).toContain('sepalLength,sepalWidth,petalLength,petalWidth,species,prediction')
    expect(lines[1]).toContain('5.1,3.5,1.4,0.2,setosa,setosa')
    // The same rows by standard input.
    const piped = await descent(['predict', model], readFileSync(join(folder, 'iris.csv'), 'utf8'))
    expect(piped.stdout).toBe(predicted.stdout)
    const row = await json('predict', model, '--row', '5.1,3.5,1.4,0.2')
    expect(row.predictions).toMatchObject([{ label: 'setosa' }])
  })

  it('takes a spec from a file or standard input, and prints JSON lines for programs', async () => {
    writeFileSync(join(folder, 'xor.json'), JSON.stringify(xor))
    const { code, stdout } = await descent([
      'train',
      'xor.json',
      '--epochs',
      '30',
      '--name',
      'from a file',
      '--json',
    ])
    expect(code).toBe(0)
    const messages = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const epochs = messages.flatMap((message) => (message.type === 'epochs' ? message.epochs : []))
    expect(epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
    expect(messages.at(-1)).toMatchObject({ type: 'end', job: { status: 'succeeded', name: 'from a file' } })
    const detached = await descent(['train', '-', '--detach'], JSON.stringify(xor))
    expect(detached.stdout).toMatch(/^job_[0-9a-f]{32}\n$/)
    const watched = await descent(['watch', detached.stdout.trim()])
    expect([watched.code, watched.stdout]).toEqual([0, expect.stringContaining('Model mdl_')])
  })

  it('goes on after Ctrl-C', async () => {
    const long = { ...xor, dataset: { name: 'spirals', rows: 2_000 }, epochs: 1_000_000 }
    writeFileSync(join(folder, 'long.json'), JSON.stringify(long))
    const { child, output } = start(['train', 'long.json'])
    const id = await eventually(async () => /job_[0-9a-f]{32}/.exec(output().stderr)?.[0])
    await eventually(async () => ((await json('jobs', 'show', id)).status === 'running' ? true : undefined))
    const ended = once(child, 'exit')
    child.kill('SIGINT')
    expect(await ended).toEqual([130, null])
    expect(output().stderr).toContain(`descent watch ${id}`)
    expect(await json('jobs', 'cancel', id)).toMatchObject({ id, status: 'cancelled' })
    const { code, stderr } = await descent(['watch', id])
    expect([code, stderr]).toEqual([3, expect.stringContaining('was cancelled after epoch')])
  })
})

describe('lists and files', () => {
  it('show trainings, datasets and models, and delete them', async () => {
    writeFileSync(join(folder, 'two.json'), JSON.stringify({ ...xor, name: 'two', epochs: 2 }))
    const { stdout } = await descent(['train', 'two.json', '--detach'])
    const id = stdout.trim()
    expect((await descent(['watch', id])).code).toBe(0)
    const listed = await json('jobs', 'list', '--limit', '1')
    expect(listed).toMatchObject([{ id, name: 'two', status: 'succeeded' }])
    const table = (await descent(['jobs', 'list'])).stdout.split('\n')
    expect(table[0].trim().split(/ +/)).toEqual(['job', 'status', 'epoch', 'loss', 'name'])
    expect(table[1]).toMatch(new RegExp(`${id} +succeeded +2/2 +[\\d.]+ +two$`))
    const [{ modelId }] = listed
    expect((await json('models', 'list')).map((model: { id: string }) => model.id)).toContain(modelId)
    expect(await json('models', 'delete', modelId)).toEqual({ id: modelId, deleted: true })
    expect((await descent(['models', 'show', modelId])).code).toBe(1)
    expect((await descent(['jobs', 'delete', id])).stdout).toBe(`${id} is deleted.\n`)
    expect((await descent(['datasets', 'show', 'iris'])).stdout).toMatch(/^iris: 150 rows\n/)
    expect((await descent(['limits'])).stdout).toMatch(/runningJobs +1000 +\d+ +MAXIMUM_RUNNING_JOBS/)
  })

  it('a model leaves as ONNX and comes back', async () => {
    const { stdout } = await descent(['train', '-', '--json'], JSON.stringify({ ...xor, epochs: 3 }))
    const { modelId } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '').job
    const exported = await json('export', modelId, '--format', 'onnx')
    expect(exported).toEqual({ file: expect.stringMatching(/\.onnx$/) })
    const piped = await descent(['export', modelId, '--format', 'onnx', '-o', '-'])
    expect(piped.stdout.length).toBeGreaterThan(100)
    const imported = await json('import', exported.file, '--name', 'again')
    const [before, after] = await Promise.all(
      [modelId, imported.id].map((model) => json('predict', model, '--row', '0,1')),
    )
    expect(after.predictions[0].output[0]).toBeCloseTo(before.predictions[0].output[0], 5)
  })

  it('a sweep ends with its best points', async () => {
    const sweep = {
      spec: { ...xor, epochs: 20 },
      search: { type: 'grid' },
      parameters: [{ path: '/optimizer/learningRate', values: [0.001, 0.1] }],
      metric: 'loss',
    }
    const { code, stdout, stderr } = await descent(['sweep', '-'], JSON.stringify(sweep))
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^Sweep swp_/)])
    const [head, best, second] = stdout.split('\n')
    expect(head.trim().split(/ +/)).toEqual(['loss', '/optimizer/learningRate', 'model'])
    expect(best).toMatch(/ 0\.1 +mdl_/)
    expect(second).toMatch(/ 0\.001 +mdl_/)
  })
})

describe('exit codes', () => {
  it.each<[string, number, string[], Record<string, string>, RegExp]>([
    ['a refusal', 1, ['jobs', 'show', 'nothing'], {}, /^Resource not found: There is no job nothing\./],
    ['a wrong spec', 1, ['train', '--dataset', 'xor', '--epochs', '0'], {}, /\/epochs/],
    ['an unknown command', 2, ['trian'], {}, /Did you mean train\?/],
    ['an unknown option', 2, ['train', '--datset', 'a'], {}, /Unknown argument: datset/],
    ['a missing argument', 2, ['watch'], {}, /Not enough non-option arguments/],
    ['a missing file', 2, ['train', 'nothing.json'], {}, /nothing\.json cannot be read/],
    ['an unknown profile', 2, ['limits', '--profile', 'home'], {}, /There is no profile home/],
    [
      'a training that diverges',
      3,
      ['train', 'diverging.json'],
      {},
      /failed: The loss became NaN or infinite/,
    ],
    ['no service', 4, ['limits'], { DESCENT_URL: 'http://127.0.0.1:1' }, /descent serve/],
    ['no service for the doctor', 1, ['doctor'], { DESCENT_URL: 'http://127.0.0.1:1' }, /^$/],
    ['a wrong word for keys', 1, ['keys', 'nonsense'], {}, /Unknown command: nonsense/],
  ])('for %s: %d', async (_name, code, words, environment, says) => {
    const diverging = { ...xor, loss: 'meanSquaredError', optimizer: { type: 'sgd', learningRate: 1e30 } }
    diverging.network = { layers: [{ type: 'dense', units: 1, activation: 'linear' }] }
    writeFileSync(join(folder, 'diverging.json'), JSON.stringify(diverging))
    const ended = await descent(words, '', environment)
    expect(ended.code).toBe(code)
    expect(ended.stderr).toMatch(says)
  })

  it('keys --help prints the usage of that program', async () => {
    const { code, stdout } = await descent(['keys', '--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^npm run keys -- create/)
  })

  it('profiles are added, used, listed and removed', async () => {
    const environment = { DESCENT_URL: '', XDG_CONFIG_HOME: join(folder, 'profiles') }
    const run = (...words: string[]) => descent(['profile', ...words], '', environment)
    expect((await run('add', 'here', '--url', service.url)).code).toBe(0)
    expect((await run('add', 'there', '--url', 'http://127.0.0.1:1', '--key', 'k')).code).toBe(0)
    expect((await descent(['limits'], '', environment)).code).toBe(0)
    await run('use', 'there')
    expect((await descent(['limits'], '', environment)).code).toBe(4)
    expect(JSON.parse((await run('list', '--json')).stdout)).toEqual([
      { name: 'here', url: service.url, hasKey: false, isCurrent: false },
      { name: 'there', url: 'http://127.0.0.1:1', hasKey: true, isCurrent: true },
    ])
    await run('remove', 'there')
    expect((await run('use', 'there')).code).toBe(2)
  })

  it('the documentation has every command and exit code', async () => {
    const text = readFileSync('docs/command-line.md', 'utf8')
    const { stdout } = await descent(['--help'])
    const commands = [...stdout.matchAll(/^ {2}descent (\w+)/gm)].map(([, name]) => name)
    expect(commands.length).toBeGreaterThan(15)
    for (const name of commands) expect(text).toContain(`| \`${name}`)
    for (const code of Object.values(exitCodes)) expect(text).toContain(`| ${code} |`)
  })

  it('shells complete commands', async () => {
    expect((await descent(['completion'])).stdout).toContain('--get-yargs-completions')
    const { stdout } = await descent(['--get-yargs-completions', 'descent', 'exp'])
    expect(stdout.split('\n')).toContain('export')
    expect((await descent(['doctor'])).stdout).toMatch(/✓ service +http.*\n✓ ready .*\n✓ key +none needed\n$/)
  })
})

it('descent serve runs the service until a signal', { timeout: 60_000 }, async () => {
  const { child, output } = start(['serve'], {
    DATABASE_URL: await freshDatabaseOfTest(),
    PORT: '0',
    REDIS_URL: '',
  })
  const url = await eventually(
    () => /listening on (http:[\w.:/-]+)/.exec(output().stdout + output().stderr)?.[1],
  )
  expect((await descent(['doctor'], '', { DESCENT_URL: url })).code).toBe(0)
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
  await expect(fetch(`${url}/health/live`)).rejects.toThrow()
})
