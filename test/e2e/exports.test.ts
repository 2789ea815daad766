/** Models of a messy table through the service: each format answers as POST /models/{id}/predict. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { unzipSync } from 'fflate'
import { chromium } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { request, submit } from '../../examples/client.js'
import { datasetSchema } from '../../src/contract/dataset.js'
import type { jobRequestSchema } from '../../src/contract/job-request.js'
import { type EvaluatedModel, evaluatedModelSchema, predictionsSchema } from '../../src/contract/model.js'
import { encodeInputs, type InputRow } from '../../src/datasets/raw-rows.js'
import { hasChromium } from '../support/browser.js'
import { runC, sanitizers } from '../support/c-programs.js'
import { cProgram, readCAnswers } from '../support/c-rows.js'
import { python, runPython } from '../support/python.js'
import { shared, sharedService } from '../support/shared.js'
import { loadTfjs } from '../support/tfjs.js'
import { trainedModel } from '../support/trained.js'
import { watchJob } from '../support/watching.js'

let service: { url: string }
beforeAll(async () => {
  service = await sharedService()
  await tf.setBackend('cpu')
}, 120_000)
const cities = ['Bern', 'Zürich', '"New ""York"""', '']
/** Semicolons, decimal commas, missing cells, dates, booleans and categories. */
const table = ['height;city;member;joined;age;price;churn']
for (let row = 0; row < 120; row++) {
  const height = (1.5 + ((row * 7) % 50) / 100).toFixed(2).replace('.', ',')
  const joined = `20${String(10 + (row % 12)).padStart(2, '0')}-0${1 + (row % 9)}-1${row % 10}`
  const age = row % 11 === 3 ? '' : String(20 + ((row * 13) % 41))
  const price = ((row * 37) % 400) * 1_000 + 50_000
  const member = row % 3 === 0 ? 'yes' : row % 17 === 4 ? '' : 'no'
  table.push(
    [height, cities[row % 4], member, joined, age, price, (row * 13) % 41 < 15 ? 'left' : 'stays'].join(';'),
  )
}

const rows: InputRow[] = [
  ['1,65', 'Zürich', 'yes', '2015-06-17', 33],
  ['1.8', 'Bern', false, '2020-02-29', null],
  [1.7, '', null, '2011-01-01', 60],
  [1.55, 'elsewhere', 'no', '2030-12-31', '21'],
  { member: true, height: '1,9', city: 'New "York"', joined: '2012-03-04', age: 45 },
]

async function trained(
  target: string,
  job: Partial<z.input<typeof jobRequestSchema>>,
): Promise<EvaluatedModel> {
  const { url } = service
  const ignored = target === 'churn' ? 'price' : 'churn'
  const address = `${url}/datasets?target=${target}&types=${ignored}:ignored,member:boolean`
  const { id } = await request(address, datasetSchema, Buffer.from(table.join('\n')))
  const { id: jobId } = await submit(url, { dataset: id, network: 'auto', epochs: 30, seed: 1, ...job })
  const { job: ended } = await watchJob(url, jobId).ended
  return request(`${url}/models/${ended?.modelId}`, evaluatedModelSchema)
}

async function download(id: string, query: string): Promise<{ name: string; bytes: Buffer }> {
  const answer = await fetch(`${service.url}/models/${id}/export?${query}`)
  if (!answer.ok) throw new Error(await answer.text())
  const [, name = ''] = /filename="(.+)"/.exec(answer.headers.get('content-disposition') ?? '') ?? []
  return { name, bytes: Buffer.from(await answer.arrayBuffer()) }
}

/** The numbers may differ by 1e-5 in units of the network. */
const answerSchema = z.object({
  output: z.array(z.number()),
  label: z.string().optional(),
  probabilities: z.record(z.string(), z.number()).optional(),
})
type Answer = z.infer<typeof answerSchema>

function expectAnswers(actual: readonly Answer[], expected: readonly Answer[], unit: number): void {
  expect(actual.map(({ label }) => label)).toEqual(expected.map(({ label }) => label))
  for (const [row, { output, probabilities = {} }] of expected.entries()) {
    for (const [index, value] of output.entries()) {
      expect(Math.abs(actual[row].output[index] - value)).toBeLessThan(1e-5 * unit)
    }
    for (const [name, value] of Object.entries(actual[row].probabilities ?? {})) {
      expect(Math.abs(probabilities[name] - value)).toBeLessThan(1e-5)
    }
  }
}

/** In Node and in Chromium, which answer the same bits. */
async function runJavaScript(code: string): Promise<Answer[]> {
  const address = `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`
  const { predict } = await import(/* @vite-ignore */ address)
  const inNode = z.array(answerSchema).parse(rows.map((row) => predict(row)))
  if (!hasChromium) return inNode
  const browser = await chromium.connect(await shared('/browser'))
  try {
    const page = await browser.newPage()
    const inChromium = await page.evaluate(
      `import(${JSON.stringify(address)}).then(({ predict }) => ${JSON.stringify(rows)}.map(predict))`,
    )
    expect(inChromium).toEqual(inNode)
  } finally {
    await browser.close()
  }
  return inNode
}

async function runPyTorch({ id }: EvaluatedModel): Promise<Answer[]> {
  const place = mkdtempSync(join(tmpdir(), 'descent-torch-'))
  try {
    for (const query of ['format=pytorch', 'format=safetensors&names=torch']) {
      const { name, bytes } = await download(id, query)
      writeFileSync(join(place, name), bytes)
    }
    const program =
      'import json, model, sys; print(json.dumps(model.predict(model.load(), json.load(sys.stdin))))'
    return z.array(answerSchema).parse(JSON.parse(runPython(program, JSON.stringify(rows), place)))
  } finally {
    rmSync(place, { recursive: true })
  }
}

/** The outputs of the network, from the inputs that the service would encode. */
async function runTfjs(model: EvaluatedModel): Promise<number[][]> {
  const loaded = await loadTfjs((await download(model.id, 'format=tfjs')).bytes)
  const inputs = encodeInputs(model.coding, rows)
  const output = loaded.predict(tf.tensor(inputs, [rows.length, inputs.length / rows.length]))
  if (Array.isArray(output)) throw new Error('several outputs')
  const numbers = Array.from(output.dataSync())
  const width = numbers.length / rows.length
  return rows.map((_, row) => numbers.slice(row * width, (row + 1) * width))
}

const cases = [
  { target: 'churn', threshold: 0.3, job: {} },
  { target: 'price', threshold: null, job: { targetScaling: 'standardize' as const } },
]

describe('every format of a model of a messy table', () => {
  it.each(cases)('answers as the service: $target', { timeout: 120_000 }, async ({
    target,
    threshold,
    job,
  }) => {
    const model = await trained(target, job)
    if (threshold !== null) await setThreshold(model.id, threshold)
    const inputs = { inputs: rows.map((row) => row) }
    const { predictions } = await request(
      `${service.url}/models/${model.id}/predict`,
      predictionsSchema,
      inputs,
    )
    const expected = z.array(answerSchema).parse(predictions)
    const scaling = model.coding.target.type === 'number' ? model.coding.target.scaling : undefined
    expect(scaling === undefined).toBe(threshold !== null)
    const [unit, offset] = [scaling?.scale[0] ?? 1, scaling?.offset[0] ?? 0]

    const module = await download(model.id, 'format=javascript')
    expectAnswers(await runJavaScript(module.bytes.toString()), expected, unit)
    expectAnswers(await runPyTorch(model), expected, unit)
    const named = { ...model, name: null }
    const source = (await download(model.id, 'format=c')).bytes.toString()
    const program = { 'main.c': cProgram([{ model: named, source, rows }]) }
    expectAnswers(readCAnswers(runC(program, ['main.c'], sanitizers)), expected, unit)
    const numbers = await runTfjs(model)
    const inUnits = numbers.map((row) => ({ output: row.map((value) => value * unit + offset) }))
    expectAnswers(
      inUnits,
      expected.map(({ output }) => ({ output })),
      unit,
    )
  })
})

async function setThreshold(id: string, threshold: number): Promise<void> {
  const { status } = await fetch(`${service.url}/models/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ threshold }),
  })
  expect(status).toBe(200)
}

describe('docs/models.md', () => {
  const root = join(import.meta.dirname, '../..')
  const markdown = readFileSync(join(root, 'docs/models.md'), 'utf8')

  function program(title: string, language: string): string {
    const section = markdown.split(`\n## ${title}\n`)[1].split('\n## ')[0]
    const code = section.split(`\n\`\`\`${language}\n`)[1]?.split('\n```')[0]
    if (code === undefined) throw new Error(`${title} has no program in ${language}`)
    return code
  }

  it('has a program for each format, which runs', { timeout: 120_000 }, async () => {
    const { id } = await trainedModel(service.url, { dataset: 'iris', epochs: 60, seed: 1 })
    const place = mkdtempSync(join(tmpdir(), 'descent-documents-'))
    const save = (name: string, content: string | Uint8Array) => writeFileSync(join(place, name), content)
    const run = (command: string, args: string[]) => {
      const { stdout, stderr, error } = spawnSync(command, args, { cwd: place, encoding: 'utf8' })
      if (error !== undefined) throw error
      return stdout + stderr
    }
    try {
      symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'))
      mkdirSync(join(place, 'model'))
      save('model.mjs', (await download(id, 'format=javascript')).bytes)
      save('program.mjs', program('JavaScript', 'js'))
      expect(run(process.execPath, ['program.mjs'])).toMatch(/label: 'setosa',[\s\S]*\nvirginica\n$/)

      save('model.c', (await download(id, 'format=c')).bytes)
      save('main.c', program('C', 'c'))
      expect(run('sh', ['-c', program('C', 'sh')])).toMatch(/^setosa [01]\.\d{4}\n$/)

      const files = unzipSync((await download(id, 'format=tfjs')).bytes)
      for (const [name, bytes] of Object.entries(files)) save(`model/${name}`, bytes)
      save('layers.mjs', program('TensorFlow.js', 'js'))
      expect(run(process.execPath, ['layers.mjs'])).toMatch(/^virginica$/m)

      for (const query of ['format=pytorch', 'format=safetensors&names=torch']) {
        const { name, bytes } = await download(id, query)
        save(name, bytes)
      }
      save('program.py', program('PyTorch', 'python'))
      expect(run(python, ['program.py'])).toMatch(/'label': 'setosa'.*'label': 'virginica'/)
    } finally {
      rmSync(place, { recursive: true })
    }
  })
})
