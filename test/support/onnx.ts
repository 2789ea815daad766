/** Runs ONNX files with ONNX Runtime, and checks them with the checker of the onnx package. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as runtime from 'onnxruntime-web'

runtime.env.wasm.numThreads = 1
runtime.env.logLevel = 'error'

export type Feeds = Readonly<Record<string, runtime.Tensor>>

/** All outputs by name. */
export async function runOnnx(file: Uint8Array, feeds: Feeds): Promise<Record<string, runtime.Tensor>> {
  const session = await runtime.InferenceSession.create(file)
  try {
    return Object.fromEntries(Object.entries(await session.run(feeds)))
  } finally {
    await session.release()
  }
}

export const float32Tensor = (values: Float32Array, shape: readonly number[]) =>
  new runtime.Tensor('float32', values, shape)
export const float64Tensor = (values: readonly number[], shape: readonly number[]) =>
  new runtime.Tensor('float64', Float64Array.from(values), shape)
export const stringTensor = (values: readonly string[], shape: readonly number[]) =>
  new runtime.Tensor('string', [...values], shape)

/** The values of a numeric tensor. */
export function numbersOf({ data }: runtime.Tensor): number[] {
  return Array.from(data as ArrayLike<number | bigint>, Number)
}

export function textsOf({ data }: runtime.Tensor): string[] {
  return Array.from(data as ArrayLike<unknown>, String)
}

export function booleansOf({ data }: runtime.Tensor): boolean[] {
  return Array.from(data as ArrayLike<unknown>, Boolean)
}

/** An interpreter with the package python3-onnx, which belongs to Debian's own. */
const interpreters = [process.env.PYTHON ?? 'python3', '/usr/bin/python3']
export const onnxPython = interpreters.find((python) => spawnSync(python, ['-c', 'import onnx']).status === 0)

const program = `
import glob, sys, onnx
failed = False
for path in sorted(glob.glob(sys.argv[1] + '/*.onnx')):
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:
        failed = True
        print(path, str(error)[:500])
sys.exit(1 if failed else 0)
`

/** Runs the checker with shape inference over all files in one process. Returns what it prints: the errors. */
export function checkOnnxFiles(python: string, files: readonly Uint8Array[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'descent-onnx-'))
  try {
    for (const [index, file] of files.entries()) writeFileSync(join(folder, `${index}.onnx`), file)
    const { stdout, stderr, status } = spawnSync(python, ['-c', program, folder], { encoding: 'utf8' })
    return status === 0 ? '' : stdout + stderr
  } finally {
    rmSync(folder, { recursive: true })
  }
}
