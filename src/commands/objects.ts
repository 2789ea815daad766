/** `npm run objects`: moves stored chunks to the object store of OBJECT_STORE_URL, or back to PostgreSQL. */
import { readConfig } from '../config.js'
import { moveIn, moveOut } from '../store/move-chunks.js'
import { checkObjectStore, openObjectStore } from '../store/open-object-store.js'
import { withServiceDatabase } from './run-command.js'

const usage = `npm run objects -- move-in    moves chunks of 64 KiB and more to OBJECT_STORE_URL
npm run objects -- move-out   moves all chunks from there to PostgreSQL`

const moves = new Map([
  ['move-in', { move: moveIn, where: 'to the object store' }],
  ['move-out', { move: moveOut, where: 'to PostgreSQL' }],
])

try {
  const [name, ...rest] = process.argv.slice(2)
  const chosen = rest.length === 0 ? moves.get(name) : undefined
  if (chosen === undefined) throw new Error(`Unknown command. Use one of:\n\n${usage}`)
  const config = readConfig()
  const objects = openObjectStore(config.OBJECT_STORE_URL)
  if (objects === null) throw new Error('OBJECT_STORE_URL is not set. It names the object store.')
  await withServiceDatabase(config, async (database) => {
    await checkObjectStore(database, objects)
    const { chunks, bytes } = await chosen.move(database, objects)
    console.info(`Moved ${chunks} chunks with ${bytes} bytes ${chosen.where}.`)
  })
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
