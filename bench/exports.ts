/**
 * `npm run bench -- exports [--json] [--milliseconds 2000]`: size of the files of a network for MNIST (workload W7), and
 * milliseconds of a prediction of one raw row in each runtime, as Markdown. The weights are drawn: they do not change the
 * work. Formats whose runtime is not installed are named.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { unzipSync } from 'fflate'
import * as onnx from 'onnxruntime-web'
import type { ExportFormat } from '../src/contract/export.js'
import { compilePrediction, drawWeights, Predictor } from '../src/engine/index.js'
import type { ExportableModel, ExportedFile } from '../src/exports/exporter.js'
import { exporters } from '../src/exports/formats.js'
import { workloads } from './workloads.js'

interface Measured {
  format: string
  runtime: string
  bytes: number
  /** Null: the runtime is not installed. */
  milliseconds: number | null
}

const side = 28
const options = { preprocessing: true, names: 'torch' } as const

/** Pixels from 0 to 255 in, one of ten digits out. */
function digitsModel() {
  const program = compilePrediction(workloads.W7.network, 1)
  const names = Array.from({ length: side * side }, (_, index) => `pixel${index + 1}`)
  const classes = Array.from({ length: 10 }, (_, digit) => String(digit))
  const model: ExportableModel = {
    id: 'mdl_digits',
    name: null,
    network: program.network,
    layers: program.layers,
    loss: 'categoricalCrossentropy',
    coding: {
      features: names.map((name) => ({ type: 'number', name, offset: 33.3, scale: 78.6 })),
      target: { type: 'oneHot', name: 'digit', classes },
      image: { width: side, height: side, channels: 1, white: 255 },
    },
    columns: names,
    classes,
    threshold: null,
    epoch: 1,
  }
  return { model, weights: drawWeights(program, 1) }
}

type Row = number[]
const createRow = (): Row => Array.from({ length: side * side }, (_, index) => (index * 31) % 256)

/** The median of batches that fill the time. */
async function measure(milliseconds: number, predict: () => unknown): Promise<number> {
  const times: number[] = []
  const end = performance.now() + milliseconds
  for (let warm = 0; warm < 20; warm++) await predict()
  while (performance.now() < end) {
    const begin = performance.now()
    await predict()
    times.push(performance.now() - begin)
  }
  times.sort((a, b) => a - b)
  return times[Math.floor(times.length / 2)]
}

type Runner = (file: ExportedFile, folder: string, milliseconds: number) => Promise<number | null>

const runJavaScript: Runner = async (file, folder, milliseconds) => {
  writeFileSync(join(folder, file.name), file.bytes)
  const { predict } = await import(pathToFileURL(join(folder, file.name)).href)
  const row = createRow()
  return measure(milliseconds, () => predict(row))
}

const runOnnx: Runner = async ({ bytes }, _, milliseconds) => {
  onnx.env.wasm.numThreads = 1
  const session = await onnx.InferenceSession.create(bytes)
  const input = new onnx.Tensor('float64', Float64Array.from(createRow()), [1, 1, side, side])
  return measure(milliseconds, () => session.run({ input }))
}

const runTfjs: Runner = async ({ bytes }, _, milliseconds) => {
  await tf.setBackend('cpu')
  const files = unzipSync(bytes)
  const { modelTopology, weightsManifest } = JSON.parse(Buffer.from(files['model.json']).toString())
  const weightData = files['weights.bin'].slice().buffer
  const [{ weights: weightSpecs }] = weightsManifest
  const model = await tf.loadLayersModel({ load: async () => ({ modelTopology, weightSpecs, weightData }) })
  const input = tf.tensor(createRow(), [1, side, side, 1])
  return measure(milliseconds, () => {
    const output = model.predict(input)
    if (Array.isArray(output)) throw new Error('the model has several outputs')
    output.dataSync()
    output.dispose()
  })
}

const runC: Runner = async (file, folder, milliseconds) => {
  writeFileSync(join(folder, 'model.c'), file.bytes)
  writeFileSync(
    join(folder, 'main.c'),
    `#include <stdio.h>
#include <time.h>
#include "model.c"
int main(void) {
  static struct model_row row;
  static struct model_prediction prediction;
  long done = 0;
  int i;
  const clock_t begin = clock();
  for (i = 0; i < ${side * side}; i++) row.values[i] = (i * 31) % 256;
  while ((double)(clock() - begin) / CLOCKS_PER_SEC < ${milliseconds / 1_000}) {
    for (i = 0; i < 10; i++, done++) model_predict(&row, &prediction);
  }
  printf("%.6f\\n", 1000.0 * (double)(clock() - begin) / CLOCKS_PER_SEC / (double)done);
  return 0;
}`,
  )
  return numberFrom('sh', ['-c', 'gcc -std=c99 -O2 main.c -lm -o main && ./main'], folder)
}

const runPyTorch: Runner = async (file, folder, milliseconds) => {
  writeFileSync(join(folder, file.name), file.bytes)
  const program = `
import statistics, time
import torch
from model import load, predict
torch.set_num_threads(1)
network = load()
row = [(place * 31) % 256 for place in range(${side * side})]
times, end = [], time.perf_counter() + ${milliseconds / 1_000}
while time.perf_counter() < end:
    begin = time.perf_counter()
    predict(network, [row])
    times.append(time.perf_counter() - begin)
print(1000 * statistics.median(times))
`
  return numberFrom(process.env.PYTHON ?? '/usr/bin/python3', ['-c', program], folder)
}

/** Null if the program is not installed. */
function numberFrom(command: string, args: string[], cwd: string): number | null {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status === 0) return Number(stdout)
  console.error(`NOT RUN: ${command}: ${stderr.trim().split('\n').at(-1)}`)
  return null
}

const runners: readonly [ExportFormat, string, Runner | null][] = [
  ['safetensors', 'none', null],
  ['pytorch', 'PyTorch, 1 thread', runPyTorch],
  ['onnx', 'onnxruntime-web, 1 thread', runOnnx],
  ['javascript', `Node.js ${process.versions.node}`, runJavaScript],
  ['c', 'GCC -O2', runC],
  ['tfjs', 'TensorFlow.js, CPU backend', runTfjs],
]

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { json: { type: 'boolean', default: false }, milliseconds: { type: 'string', default: '2000' } },
  })
  const milliseconds = Number(values.milliseconds)
  const { model, weights } = digitsModel()
  const folder = mkdtempSync(join(tmpdir(), 'descent-exports-'))
  const measured: Measured[] = []
  try {
    for (const [format, runtime, run] of runners) {
      const file = exporters[format].write(model, weights, options)
      if (run === null) writeFileSync(join(folder, file.name), file.bytes)
      const time = run === null ? null : await run(file, folder, milliseconds)
      measured.push({ format, runtime, bytes: file.bytes.length, milliseconds: time })
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  const predictor = new Predictor(model.network, weights, { backend: 'auto' })
  const inputs = Float32Array.from(createRow())
  const own = await measure(milliseconds, () => predictor.predict(inputs))
  measured.push({ format: 'none', runtime: `the service, ${predictor.backend}`, bytes: 0, milliseconds: own })
  print(measured, values.json)
}

function print(measured: readonly Measured[], json: boolean): void {
  if (json) {
    for (const each of measured) console.log(JSON.stringify(each))
    return
  }
  console.log('| format | kB | runtime | ms a prediction |\n|---|---|---|---|')
  for (const { format, bytes, runtime, milliseconds } of measured) {
    const time = milliseconds === null ? '' : milliseconds.toPrecision(2)
    console.log(`| ${format} | ${Math.round(bytes / 1_000)} | ${runtime} | ${time} |`)
  }
}
