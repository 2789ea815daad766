/** Trains on the Iris dataset, and predicts three held-out flowers. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from './client.js'
import { drawTraining } from './progress.js'
import { demonstrate, projectFolder } from './service.js'

await demonstrate(async (url) => {
  const [header, ...flowers] = (await readFile(join(projectFolder, 'examples', 'iris.csv'), 'utf8'))
    .trim()
    .split(/\r?\n/)
  const species = (flower: string) => flower.slice(flower.lastIndexOf(',') + 1)
  const isFirst = (flower: string, row: number) => {
    return row === flowers.findIndex((other) => species(other) === species(flower))
  }
  const heldOut = flowers.filter(isFirst)
  const kept = flowers.filter((flower, row) => !isFirst(flower, row))

  console.log(`Uploading ${kept.length} flowers; ${heldOut.length} are held out.`)
  const client = connect(url)
  const csv = [header, ...kept, ''].join('\n')
  const dataset = await client.datasets.upload(csv, { name: 'iris', target: 'species' })

  console.log('Training 4 measurements → 16 relu → 3 softmax.')
  const job = await client.jobs.create({
    name: 'iris',
    dataset: dataset.id,
    network: {
      layers: [
        { type: 'dense', units: 16, activation: 'relu' },
        { type: 'dense', units: 3, activation: 'softmax' },
      ],
    },
    loss: 'categoricalCrossentropy',
    optimizer: { type: 'adam', learningRate: 0.002 },
    epochs: 300,
    batchSize: 16,
    validationSplit: 0.2,
    seed: 42,
  })
  const { modelId, metrics } = await drawTraining(job)
  console.log(
    `Done: loss ${metrics.loss?.toPrecision(3)}, validation accuracy ${metrics.valAccuracy?.toPrecision(3)}.`,
  )

  const columns = header.split(',').slice(0, -1)
  const inputs = heldOut.map((flower) => {
    const cells = flower.split(',')
    return Object.fromEntries(columns.map((name, position) => [name, Number(cells[position])]))
  })
  const { predictions } = await client.models.predict(modelId, inputs)
  console.log('The held-out flowers:')
  for (const [index, prediction] of predictions.entries()) {
    const { label = '', probabilities = {} } = prediction ?? {}
    const truth = species(heldOut[index])
    const certainty = `${(100 * probabilities[label]).toFixed(1)} %`
    console.log(
      `  ${Object.values(inputs[index]).join('  ')}   is ${truth}, predicted ${label} (${certainty})`,
    )
  }
  const wrong = predictions.filter(
    (prediction, index) => prediction?.label !== species(heldOut[index]),
  ).length
  if (wrong > 0) throw new Error(`${wrong} of ${heldOut.length} held-out flowers were misclassified`)
})
