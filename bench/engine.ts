/**
 * The engine on the fixed workloads: `npm run bench -- engine [--json] [--backend wasm] [--workload W1,W4] [--threads 1] [--runs 7]`.
 * With --json one line each: {"workload","backend","detail","threads","share","metric","median","min","max","runs"}.
 */
import { parseArgs } from 'node:util'
import { Bench, type MeasuredBackend } from './measurement.js'
import { isWorkload, type WorkloadName, workloadNames } from './workloads.js'

const backends: readonly MeasuredBackend[] = ['reference', 'wasm', 'native', 'auto']

/** Parses a list like W1,W4; all without a list. @throws Error with the unknown name */
export function parseWorkloads(list: string | undefined): WorkloadName[] {
  if (list === undefined) return [...workloadNames]
  return list.split(',').map((name) => {
    if (!isWorkload(name)) throw new Error(`unknown workload ${name}: use ${workloadNames.join(', ')}`)
    return name
  })
}

export function parseBackend(name: string): MeasuredBackend {
  const backend = backends.find((candidate) => candidate === name)
  if (backend === undefined) throw new Error(`--backend is one of ${backends.join(', ')}, not ${name}`)
  return backend
}

export function main(args: string[]): void {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      backend: { type: 'string', default: 'auto' },
      workload: { type: 'string' },
      threads: { type: 'string', default: '1' },
      runs: { type: 'string', default: '7' },
    },
  })
  const runs = Number(values.runs)
  for (const name of parseWorkloads(values.workload)) {
    const bench = new Bench(name, parseBackend(values.backend), Number(values.threads))
    for (let run = 0; run < runs; run++) bench.run()
    const result = bench.finish()
    const { workload, backend, detail, metric, median, min, max } = result
    if (values.json) console.log(JSON.stringify(result))
    else {
      const rate = (value: number) => Math.round(value).toLocaleString('en').padStart(12)
      console.log(
        `${workload} ${backend} ${detail ?? ''}`.padEnd(20),
        rate(median),
        metric.padEnd(10),
        rate(min),
        rate(max),
      )
    }
  }
}
