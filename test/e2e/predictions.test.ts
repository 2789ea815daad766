/** Files in, a training, and the answers to a file or a picture, as a user goes about it. */
import { parse } from 'csv-parse/sync'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { request } from '../../examples/client.js'
import { datasetRowsSchema, datasetSchema } from '../../src/contract/dataset.js'
import type { jobRequestSchema } from '../../src/contract/job-request.js'
import { predictionsSchema } from '../../src/contract/model.js'
import { zip } from '../hostile/files.js'
import { sharedService } from '../support/shared.js'
import { trainedModel } from '../support/trained.js'

let service: { url: string }
beforeAll(async () => {
  service = await sharedService()
}, 60_000)
async function send(path: string, type: string, body: string | Buffer, headers: Record<string, string> = {}) {
  const answer = await fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': type, ...headers },
    body: new Uint8Array(Buffer.from(body)),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return text
}

const upload = async (query: string, type: string, body: string | Buffer) =>
  datasetSchema.parse(JSON.parse(await send(`/datasets?${query}`, type, body)))

const trained = (job: z.input<typeof jobRequestSchema>) => trainedModel(service.url, job)

const tableSchema = z.array(z.record(z.string(), z.string()))
const readTable = (text: string) => tableSchema.parse(parse(text, { columns: true }))

describe('a table with ids, gaps and words that were never seen', () => {
  const towns = ['Graz', 'Linz', '', 'Wels']
  const line = (row: number) => {
    const town = towns[row % 4]
    const age = row % 5 === 0 ? '' : String(20 + ((row * 7) % 50))
    return `c-${1_000 + row * 37},${town},${age},2024-0${1 + (row % 9)}-11,${row % 3 === 0 ? 'yes' : 'no'}`
  }
  const header = 'customer,town,age,since,left'
  const rows = Array.from({ length: 120 }, (_, row) => line(row))

  it('is predicted row by row for the file of its training', { timeout: 60_000 }, async () => {
    const dataset = await upload('', 'text/csv', [header, ...rows].join('\n'))
    expect(dataset.target).toBe('left')
    const model = await trained({ dataset: dataset.id, seed: 1, epochs: 30 })
    expect(model.coding.ignored).toContain('customer')
    const sent = [header, ...rows.slice(0, 10), 'c-1,Enns,33,2023-05-01,', 'c-2,Graz,old,2023-05-01,no']
    const answered = readTable(await send(`/models/${model.id}/predict`, 'text/csv', sent.join('\r\n')))
    expect(answered).toHaveLength(12)
    const added = ['prediction', 'probability no', 'probability yes', 'warning', 'error']
    expect(Object.keys(answered[0])).toEqual([...header.split(','), ...added])
    for (const [index, row] of answered.slice(0, 10).entries()) {
      expect(header.split(',').map((name) => row[name])).toEqual(rows[index].split(','))
      expect([row.warning, row.error]).toEqual(['', ''])
      expect(row.prediction).toBe(Number(row['probability yes']) >= 0.5 ? 'yes' : 'no')
      expect(Number(row['probability no']) + Number(row['probability yes'])).toBeCloseTo(1, 6)
    }
    expect(answered[10].warning).toMatch(/^town: no training row has "Enns"/)
    expect(answered[10].prediction).toMatch(/^(yes|no)$/)
    expect(answered[11]).toMatchObject({ prediction: '', error: 'age: "old" is not a number' })

    // The same rows as JSON, with numbers for numbers.
    const named = rows.slice(0, 10).map((text) => {
      const [customer, town, age, since] = text.split(',')
      return { customer, town, age: age === '' ? null : Number(age), since }
    })
    const { predictions } = await request(`${service.url}/models/${model.id}/predict`, predictionsSchema, {
      inputs: named,
    })
    expect(predictions.map((each) => each?.probabilities?.yes)).toEqual(
      answered.slice(0, 10).map((row) => Number(row['probability yes'])),
    )
  })
})

it('a price is predicted in the unit of the file, with a decimal comma', { timeout: 60_000 }, async () => {
  const line = (area: number) => `${String(area).replace('.', ',')};${1_000 + 3_000 * area}`
  const areas = Array.from({ length: 60 }, (_, row) => 40.5 + row * 2)
  const dataset = await upload('', 'text/csv', ['area;price', ...areas.map(line)].join('\n'))
  const model = await trained({
    dataset: dataset.id,
    network: { layers: [{ type: 'dense', units: 1 }] },
    loss: 'meanSquaredError',
    optimizer: { type: 'adam', learningRate: 0.05 },
    epochs: 400,
    seed: 1,
  })
  const text = await send(`/models/${model.id}/predict`, 'text/csv', 'area;price\n100,5;\n60,25;\n')
  const [first, second] = tableSchema.parse(parse(text, { columns: true, delimiter: ';' }))
  // All rows are on this line: 1,000 + 3,000 · area.
  expect(Number(first.prediction) / 302_500).toBeCloseTo(1, 2)
  expect(Number(second.prediction) / 181_750).toBeCloseTo(1, 2)
})

/** Of other sizes, orientations and depths than the first, and with transparent parts. */
async function colourPictures() {
  const plain = (colour: string, width = 6, height = 4) =>
    sharp({ create: { width, height, channels: 3, background: colour } })
  const clear = {
    width: 6,
    height: 4,
    channels: 4,
    background: { r: 200, g: 30, b: 30, alpha: 0.5 },
  } as const
  const white = await plain('white', 3, 2).png().toBuffer()
  const spotted = (colour: string) => plain(colour).composite([{ input: white, left: 1, top: 1 }])
  return [
    { type: 'image/png', label: 'blue', bytes: await spotted('#2030c0').png().toBuffer() },
    { type: 'image/jpeg', label: 'blue', bytes: await plain('#1020d0', 9, 7).jpeg().toBuffer() },
    {
      type: 'image/png',
      label: 'blue',
      bytes: await plain('#3040ff').toColourspace('rgb16').png().toBuffer(),
    },
    {
      type: 'image/jpeg',
      label: 'red',
      bytes: await spotted('#c03020').withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    },
    { type: 'image/png', label: 'red', bytes: await sharp({ create: clear }).png().toBuffer() },
    { type: 'image/png', label: 'red', bytes: await plain('#ff2010', 2, 5).png().toBuffer() },
  ]
}

it('pictures have the predictions of their rows in the dataset', { timeout: 60_000 }, async () => {
  const pictures = await colourPictures()
  const archive = zip(
    pictures.map(({ label, bytes, type }, index) => {
      return { name: `${label}/${index}.${type === 'image/png' ? 'png' : 'jpg'}`, content: bytes }
    }),
  )
  const dataset = await upload('', 'application/zip', archive)
  const model = await trained({
    dataset: dataset.id,
    network: { layers: [{ type: 'flatten' }, { type: 'dense', units: 2, activation: 'softmax' }] },
    loss: 'categoricalCrossentropy',
    epochs: 40,
    seed: 1,
  })
  const stored = await request(`${service.url}/datasets/${dataset.id}/rows?limit=100`, datasetRowsSchema)
  for (const [index, { type, bytes, label }] of pictures.entries()) {
    const text = await send(`/models/${model.id}/predict`, type, bytes)
    const { predictions } = predictionsSchema.parse(JSON.parse(text))
    expect(stored.data[index].at(-1)).toBe(label)
    // One row alone: in a batch, the last bits of a sum may differ.
    const inputs = [stored.data[index].slice(0, -1)]
    const byRow = await request(`${service.url}/models/${model.id}/predict`, predictionsSchema, { inputs })
    expect(predictions).toEqual(byRow.predictions)
  }
})
