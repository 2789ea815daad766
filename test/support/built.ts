/** What starts threads finds their files beside its own, so it is tested as built; `npm test` builds first. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const dist = fileURLToPath(new URL('../../dist/', import.meta.url))

export async function load(file: string) {
  const place = path.join(dist, file)
  if (!existsSync(place)) throw new Error(`there is no ${place}: run \`npm run build\` first`)
  return import(pathToFileURL(place).href)
}

/** With a slash at its end. */
export const builtFolder = pathToFileURL(dist)

export const predictorPool: typeof import('../../src/threads/predictor-pool.js') = await load(
  'src/threads/predictor-pool.js',
)
export const requestThread: typeof import('../../src/threads/request-thread.js') = await load(
  'src/threads/request-thread.js',
)
export const exportProcess: typeof import('../../src/threads/export-process.js') = await load(
  'src/threads/export-process.js',
)
export const calibration: typeof import('../../src/threads/calibration.js') = await load(
  'src/threads/calibration.js',
)
export const suggestionThread: typeof import('../../src/threads/suggestion-thread.js') = await load(
  'src/threads/suggestion-thread.js',
)
export const importThread: typeof import('../../src/threads/import-thread.js') = await load(
  'src/threads/import-thread.js',
)
export const trainerPool: typeof import('../../workers/trainer-pool.js') =
  await load('workers/trainer-pool.js')
export const sharedDatasets: typeof import('../../workers/shared-datasets.js') = await load(
  'workers/shared-datasets.js',
)
export const storedTables: typeof import('../../workers/stored-tables.js') =
  await load('workers/stored-tables.js')
export const processorModule: typeof import('../../workers/processor.js') = await load('workers/processor.js')

export const builtPictureProcess = pathToFileURL(path.join(dist, 'src/datasets/reading/picture.process.js'))
export const builtReadingProcess = pathToFileURL(path.join(dist, 'src/datasets/reading/reading.process.js'))
