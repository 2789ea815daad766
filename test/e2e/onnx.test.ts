/** Tables in, trainings, and ONNX files that predict from raw columns as the service does. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { request } from '../../examples/client.js'
import { datasetSchema } from '../../src/contract/dataset.js'
import { modelSchema, predictionsSchema } from '../../src/contract/model.js'
import { float64Tensor, numbersOf, runOnnx, stringTensor, textsOf } from '../support/onnx.js'
import { temporaryFolder } from '../support/service.js'
import { sharedService } from '../support/shared.js'
import { trainedModel } from '../support/trained.js'

const root = join(import.meta.dirname, '../..')
const folder = temporaryFolder()
let service: { url: string }
beforeAll(async () => {
  service = await sharedService()
}, 60_000)
afterAll(async () => {
  folder.remove()
}, 30_000)

const upload = (query: string, lines: readonly string[]) =>
  request(`${service.url}/datasets?${query}`, datasetSchema, Buffer.from(lines.join('\n')))

async function exportOnnx(id: string): Promise<Uint8Array> {
  const answer = await fetch(`${service.url}/models/${id}/export?format=onnx`)
  if (!answer.ok) throw new Error(await answer.text())
  return new Uint8Array(await answer.arrayBuffer())
}

const predict = async (id: string, inputs: object[]) => {
  const { predictions } = await request(`${service.url}/models/${id}/predict`, predictionsSchema, { inputs })
  return predictions.map((prediction) => {
    if (prediction === null) throw new Error('a row has an error')
    return prediction
  })
}

type Row = Record<string, string>

function splitRows([header, ...lines]: readonly string[]): Row[] {
  const names = header.split(';')
  return lines.map((line) => Object.fromEntries(line.split(';').map((cell, index) => [names[index], cell])))
}

/** How a user of the file reads the texts. */
const numbers = (rows: readonly Row[], name: string) =>
  rows.map((row) => (row[name] === '' ? Number.NaN : Number(row[name].replace(',', '.'))))
const booleans = (rows: readonly Row[], name: string) =>
  rows.map((row) => (row[name] === '' ? Number.NaN : Number(row[name] === 'yes')))
const days = (rows: readonly Row[], name: string) =>
  rows.map((row) => {
    const [day, month, year] = row[name].split('.').map(Number)
    return row[name] === '' ? Number.NaN : Date.UTC(year, month - 1, day) / 86_400_000
  })
const doubles = (values: readonly number[]) => float64Tensor(values, [values.length, 1])
const words = (rows: readonly Row[], name: string) =>
  stringTensor(
    rows.map((row) => row[name]),
    [rows.length, 1],
  )

describe('house prices with a decimal comma', () => {
  const districts = ['North', 'Süd', 'Old Town', '', 'N/A']
  const line = (row: number) => {
    const area = 40 + ((row * 37) % 120) + 0.5
    const rooms = row % 9 === 0 ? '-99' : String(1 + (row % 6))
    const garden = row % 7 === 0 ? '' : row % 3 === 0 ? 'yes' : 'no'
    const built = row % 11 === 0 ? '' : `${1 + (row % 28)}.${1 + (row % 12)}.${1900 + ((row * 13) % 120)}`
    const price = 3_000 * area + 20_000 * (row % 5) + 0.25
    return [districts[row % 5], area, rooms, garden, built, price].join(';').replaceAll('.5;', ',5;')
  }
  const table = [
    'district;output;rooms;garden;built;price',
    ...Array.from({ length: 150 }, (_, row) => line(row).replace(/\.25$/, ',25')),
  ]

  it('are those of the service', { timeout: 60_000 }, async () => {
    const dataset = await upload('target=price&missingValues=na,n/a,-99&types=garden:boolean', table)
    const types = Object.fromEntries(dataset.columns.map(({ name, type }) => [name, type]))
    expect(types).toMatchObject({
      district: 'category',
      output: 'number',
      rooms: 'number',
      garden: 'boolean',
      built: 'date',
    })
    const { id } = await trainedModel(service.url, {
      dataset: dataset.id,
      network: {
        layers: [
          { type: 'dense', units: 8, activation: 'relu' },
          { type: 'dense', units: 1 },
        ],
      },
      loss: 'meanSquaredError',
      targetScaling: 'standardize',
      epochs: 60,
      seed: 1,
    })
    const rows = splitRows(table)
    const { output } = await runOnnx(await exportOnnx(id), {
      district: words(rows, 'district'),
      output_: doubles(numbers(rows, 'output')),
      rooms: doubles(numbers(rows, 'rooms')),
      garden: doubles(booleans(rows, 'garden')),
      built: doubles(days(rows, 'built')),
    })
    const inputs = rows.map(({ price, ...features }) => features)
    const expected = (await predict(id, inputs)).map(({ output: [price] }) => price)
    expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(100_000)
    const differences = numbersOf(output).map((price, row) => Math.abs(price / expected[row] - 1))
    expect(Math.max(...differences)).toBeLessThan(1e-5)
    console.info(`The largest relative difference of house prices is ${Math.max(...differences)}.`)
  })
})

describe('customers who leave, from a probability of 0.3', () => {
  const plans = ['basic', 'plus', 'pro']
  const line = (row: number) => {
    const months = (row * 17) % 60
    const left = (row * 7919) % 100 < 70 - months ? 'yes' : 'no'
    const since = `${2 + (row % 20)}.${1 + (row % 12)}.${2015 + (row % 9)}`
    return [plans[row % 3], months, row % 4 === 0 ? '' : 20 + (row % 30), since, left].join(';')
  }
  const table = ['plan;months;fee;since;churn', ...Array.from({ length: 200 }, (_, row) => line(row))]

  it('are those of the service', { timeout: 60_000 }, async () => {
    const dataset = await upload('target=churn', table)
    const { id } = await trainedModel(service.url, {
      dataset: dataset.id,
      network: {
        layers: [
          { type: 'dense', units: 6, activation: 'tanh' },
          { type: 'dense', units: 1, activation: 'sigmoid' },
        ],
      },
      loss: 'binaryCrossentropy',
      epochs: 40,
      seed: 1,
    })
    const changed = await fetch(`${service.url}/models/${id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ threshold: 0.3 }),
    })
    expect(modelSchema.parse(await changed.json()).threshold).toBe(0.3)
    const rows = [
      ...splitRows(table),
      { plan: 'unknown', months: '3', fee: '', since: '3.2.2024', churn: '' },
    ]
    const { label, probabilities } = await runOnnx(await exportOnnx(id), {
      plan: words(rows, 'plan'),
      months: doubles(numbers(rows, 'months')),
      fee: doubles(numbers(rows, 'fee')),
      since: doubles(days(rows, 'since')),
    })
    const expected = await predict(
      id,
      rows.map(({ churn, ...features }) => features),
    )
    expect(textsOf(label)).toEqual(expected.map((prediction) => prediction.label))
    const likely = expected.map((prediction) => prediction.probabilities?.yes ?? Number.NaN)
    expect(likely.some((probability) => probability >= 0.3 && probability < 0.5)).toBe(true)
    const given = numbersOf(probabilities).filter((_, index) => index % 2 === 1)
    const differences = given.map((probability, row) => Math.abs(probability - likely[row]))
    expect(Math.max(...differences)).toBeLessThan(1e-5)
    console.info(`The largest difference of churn probabilities is ${Math.max(...differences)}.`)
  })
})

it('docs/models.md has a program that runs a model', { timeout: 60_000 }, async () => {
  const { id } = await trainedModel(service.url, { dataset: 'iris', epochs: 60, seed: 1 })
  const file = join(folder.path, 'model.onnx')
  writeFileSync(file, await exportOnnx(id))
  const markdown = readFileSync(join(root, 'docs/models.md'), 'utf8')
  const [, section] = markdown.split('\n## ONNX\n')
  const code = /^```js\n([\s\S]*?)^```$/m.exec(section)?.[1] ?? ''
  expect(code).toContain("'model.onnx'")
  const program = code.replace("'model.onnx'", JSON.stringify(file))
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(run.stderr).toBe('')
  expect(run.stdout).toMatch(/'setosa', 'virginica'/)
})
