/** What an editor shows to a developer who uses the client: completions, documentation, and messages. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LanguageServer } from '../support/language-server.js'
import { temporaryFolder } from '../support/service.js'

const folder = temporaryFolder()
let editor: LanguageServer

beforeAll(async () => {
  const compilerOptions = {
    target: 'es2023',
    module: 'nodenext',
    lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
    strict: true,
    noUncheckedIndexedAccess: true,
    types: [],
    noEmit: true,
  }
  writeFileSync(join(folder.path, 'package.json'), '{"type":"module"}')
  writeFileSync(join(folder.path, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  mkdirSync(join(folder.path, 'node_modules/@descent'), { recursive: true })
  symlinkSync(join(import.meta.dirname, '../../sdk'), join(folder.path, 'node_modules/@descent/client'))
  editor = await LanguageServer.start(folder.path)
}, 60_000)

afterAll(() => {
  editor?.stop()
  folder.remove()
})

/** A program up to the line that a developer writes. */
const program = (
  line: string,
) => `import { ApiError, Descent, type Job, type JobRequest } from '@descent/client'
const client = new Descent({ url: 'http://127.0.0.1:3000' })
declare const job: Job
declare const error: unknown
const columns = [
  { name: 'age', type: 'number', imputation: 'mean' },
  { name: 'plan', type: 'category', categories: ['basic', 'pro'] },
  { name: 'since', type: 'date' },
  { name: 'stays', type: 'category', role: 'target', categories: ['no', 'yes'] },
] as const
const model = client.models.of('mdl_1', columns)
${line}
`

const layers = (layer: string) =>
  program(
    `client.jobs.create({ dataset: 'xor', network: { layers: [{ ${layer} }] }, loss: 'hinge', epochs: 9 })`,
  )

describe('the editor completes', () => {
  it.each([
    ['the parts of the client', program('client.¦'), ['jobs', 'datasets', 'models', 'sweeps']],
    ['the calls of a part', program('client.jobs.¦'), ['create', 'validate', 'get', 'list', 'watchMany']],
    [
      'the fields of a spec',
      program('client.jobs.create({ ¦ })'),
      ['dataset', 'network', 'loss', 'epochs', 'seed'],
    ],
    [
      'a spec with layers',
      program('client.jobs.create({ network: { layers: [] }, ¦ })'),
      ['dataset', 'loss'],
    ],
    ['the names of built-ins', program("client.jobs.create({ dataset: '¦' })"), ['xor', 'iris', 'spirals']],
    ['types of layers', layers("type: '¦'"), ['dense', 'conv2d', 'dropout', 'batchNormalization']],
    ['the fields of a layer', layers("type: 'dense', ¦"), ['units', 'activation', 'useBias']],
    ['a code of an error', program("if (error instanceof ApiError && error.code === '¦') {}"), ['not-found']],
    ['the fields of an upload', program("client.datasets.upload('', { ¦ })"), ['target', 'types', 'missing']],
    [
      'the fields of an epoch',
      program('for await (const epoch of job.epochs()) epoch.¦'),
      ['loss', 'valLoss'],
    ],
  ])('%s', async (_name, text, expected) => {
    expect(await editor.completions(text)).toEqual(expect.arrayContaining(expected))
  })

  it.each([
    [
      'activations',
      layers("type: 'dense', units: 4, activation: '¦'"),
      ['elu', 'gelu', 'leakyRelu', 'linear', 'relu', 'sigmoid', 'softmax', 'softplus', 'step', 'tanh'],
    ],
    [
      'losses',
      program("client.jobs.create({ dataset: 'xor', network: { layers: [] }, loss: '¦' })"),
      [
        ...['binaryCrossentropy', 'categoricalCrossentropy', 'hinge', 'huber'],
        ...['meanAbsoluteError', 'meanSquaredError', 'perceptron', 'squaredError'],
      ],
    ],
    [
      'optimizers',
      program("client.jobs.create({ dataset: 'xor', optimizer: { type: '¦' } })"),
      ['adagrad', 'adam', 'adamw', 'rmsprop', 'sgd'],
    ],
    ['the columns of a typed row', program('model.predict([{ ¦ }])'), ['age', 'plan', 'since']],
    ['the categories of a typed row', program("model.predict([{ plan: '¦' }])"), ['basic', 'pro']],
    [
      'the classes of a typed answer',
      program("if ((await model.predict([])).predictions[0]?.label === '¦') {}"),
      ['no', 'yes'],
    ],
  ])('exactly %s', async (_name, text, expected) => {
    expect((await editor.completions(text)).sort()).toEqual(expected)
  })
})

describe('the editor documents', () => {
  it.each([
    ['the client', 'client.¦'],
    ['its options', 'new Descent({ ¦ })'],
    ['trainings', 'client.jobs.¦'],
    ['datasets', 'client.datasets.¦'],
    ['models', 'client.models.¦'],
    ['sweeps', 'client.sweeps.¦'],
    ['a job', 'job.¦'],
    ['the data of a job', 'job.data.¦'],
    ['a spec', 'client.jobs.create({ ¦ })'],
    ['a network', "client.jobs.create({ dataset: 'xor', network: { ¦ } })"],
    ['a layer', "client.jobs.create({ dataset: 'xor', network: { layers: [{ type: 'conv2d', ¦ }] } })"],
    ['an optimizer', "client.jobs.create({ dataset: 'xor', optimizer: { type: 'adam', ¦ } })"],
    ['early stopping', "client.jobs.create({ dataset: 'xor', earlyStopping: { ¦ } })"],
    ['an upload', "client.datasets.upload('', { ¦ })"],
    ['a dataset', "const data = await client.datasets.get('')\ndata.¦"],
    ['a column', "const data = await client.datasets.get('')\ndata.columns[0]?.¦"],
    ['a declared column', "client.models.of('', [{ ¦ }])"],
    ['an epoch', 'for await (const epoch of job.epochs()) epoch.¦'],
    ['a prediction', 'const { predictions } = await model.predict([])\npredictions[0]?.¦'],
    ['a typed model', 'model.¦'],
  ])('every field of %s', async (_name, line) => {
    const documented = await editor.documentation(program(line))
    expect(documented.size).toBeGreaterThan(1)
    const bare = [...documented].filter(([name, text]) => name !== 'object' && text === '')
    expect(bare.map(([name]) => name)).toEqual([])
  })

  it.each([
    [
      'a sentence, a range and a default',
      program("client.jobs.create({ dataset: 'xor', optimizer: { type: 'adam', be¦ta1: 0.8 } })"),
      ['Decay of the mean of the gradients.', 'At least 0 and below 1.', '0.9'],
    ],
    ['the fields of a layer', layers("type: 'dense', uni¦ts: 4"), ['Outputs of the layer.']],
    [
      'the parameters of a call',
      program("client.datasets.upl¦oad('')"),
      ['`source`', 'not a path', 'InvalidDatasetError'],
    ],
    [
      'a dataset by its name',
      program("const data¦set = await client.datasets.get('')"),
      ['const dataset: Dataset'],
    ],
    [
      'a typed row by its fields',
      program('model.pre¦dict([])'),
      ['age: number | null', 'plan: "basic" | "pro"'],
    ],
  ])('%s', async (_name, text, expected) => {
    const shown = await editor.hover(text)
    for (const part of expected) expect(shown).toContain(part)
    expect(shown).not.toMatch(/\bany\b/)
  })
})

describe('the first line of a message names the fault', () => {
  const spec = "dataset: 'xor', network: { layers: [{ type: 'dense', units: 1 }] }"
  it.each([
    ['a wrong field', "client.jobs.create({ dataset: 'xor', epoch: 5 })", ["'epoch'", "'epochs'"]],
    ['no dataset', 'client.jobs.create({ epochs: 5 })', ["'dataset' is missing", "'JobRequest'"]],
    ['no loss', `client.jobs.create({ ${spec}, epochs: 5 })`, ["'loss' is missing"]],
    ['no epochs', `client.jobs.validate({ ${spec}, loss: 'hinge' })`, ["'epochs' is missing"]],
    ['no loss and epochs', `client.jobs.create({ ${spec} })`, ['missing', 'loss, epochs']],
    ['a wrong loss', "client.jobs.create({ dataset: 'xor', loss: 'mse' })", ['"mse"', "'Loss |"]],
    [
      'a wrong optimizer',
      "client.jobs.create({ dataset: 'xor', optimizer: { type: 'Adam' } })",
      ['"Adam"', '"adam"'],
    ],
    [
      'a wrong setting',
      "client.jobs.create({ dataset: 'xor', optimizer: { type: 'adam', lr: 1 } })",
      ["'lr'", "'AdamOptimizerInput'"],
    ],
    [
      'a wrong cell',
      "model.predict([{ age: '3', plan: 'pro', since: '2020-01-01' }])",
      ["'string'", "'number'"],
    ],
    [
      'a wrong category',
      "model.predict([{ age: 3, plan: 'gold', since: '2020-01-01' }])",
      ['"gold"', '"basic" | "pro"'],
    ],
    ['no column', "model.predict([{ age: 3, since: '2020-01-01' }])", ["'plan' is missing"]],
    ['a wrong column', "model.predict([{ agee: 3, age: 3, plan: 'pro', since: '' }])", ["'agee'", "'age'"]],
    ['a date', "client.models.predict('', [{ since: new Date() }])", ["'Date'", "'Cell"]],
    ['a row without a list', "client.models.predict('', { age: 3 })", ['readonly PredictionRow[]']],
    ['no model', 'client.models.predict(job.data.modelId, [[3]])', ["'string | null'"]],
    ['a wrong field of an upload', "client.datasets.upload('', { tagret: 'x' })", ["'tagret'", "'target'"]],
    ['a wrong field of an epoch', 'for await (const { los } of job.epochs()) {}', ["'los'", "'Epoch'"]],
    ['a wrong call', 'client.jobs.creat({})', ["'creat'", "'create'"]],
  ])('%s', async (_name, line, expected) => {
    const [message = '', ...others] = await editor.errors(program(line))
    const [first = ''] = message.split('\n')
    for (const part of expected) expect(first).toContain(part)
    expect(first.length).toBeLessThan(300)
    expect(others).toEqual([])
  })

  it.each([
    ['a wrong activation', "type: 'dense', units: 4, activation: 'rleu'", '"rleu"'],
    ['a wrong field of a layer', "type: 'dense', unit: 4", "'units'"],
    ['a wrong type of a layer', "type: 'dens', units: 4", '"dense"'],
  ])('%s', async (_name, layer, expected) => {
    const [message = ''] = await editor.errors(layers(layer))
    expect(message.split('\n')[0]).toContain(expected)
  })
})

it('the compiler takes what is right', async () => {
  const right = program(`interface Customer { age: number | null; plan: string; since?: string }
declare const customers: Customer[]
await client.models.predict('mdl_1', customers)
await client.models.predict('mdl_1', [[35, 'pro', '2020-01-01']])
await client.models.predict('mdl_1', [{ age: 35 }, { plan: 'pro' }])
declare const request: JobRequest
await client.jobs.create(request)
await client.jobs.create({ ...request, epochs: 5 })
await client.jobs.create({ dataset: 'my-own', from: 'mdl_1' })`)
  expect(await editor.errors(right)).toEqual([])
})
