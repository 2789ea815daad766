/** As in a container: API and worker run as somebody without rights, who may write nowhere but to the temporary folder. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { freshDatabaseOfTest } from '../support/postgres.js'
import { eventually, startService, temporaryFolder } from '../support/service.js'

const uid = 61_234
const isRoot = process.getuid?.() === 0
if (!isRoot)
  console.warn('Only root can start the service as somebody else: its test without rights is skipped.')

const withId = z.object({ id: z.string() })
const withModelId = z.object({ modelId: z.string().nullable() })

const folder = temporaryFolder()
afterAll(() => folder.remove())

const xor = {
  dataset: 'xor',
  network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
  loss: 'binaryCrossentropy',
  epochs: 5,
}

const find = (...words: string[]) => spawnSync('find', words).stdout.toString().split('\n').filter(Boolean)

/**
 * What belongs to that user, which nobody else is, outside of the folder: searched in the folders in which everybody may
 * create files, because files in others cannot be new.
 */
function filesElsewhere(): string[] {
  const places = ['/tmp', '/var', '/dev/shm', '/run', '/home', '/root', process.cwd()]
  const others = ['-xdev', '-path', folder.path, '-prune', '-o']
  const open = find(...places, ...others, '-type', 'd', '-perm', '-o=w', '-print')
  return find(...open, ...others, '-uid', String(uid), '-print')
}

test.runIf(isRoot)(
  'API and worker run without rights, and leave nothing anywhere',
  { timeout: 120_000 },
  async () => {
    const temporary = join(folder.path, 'tmp')
    mkdirSync(temporary)
    for (const path of [folder.path, temporary]) chownSync(path, uid, uid)
    // The program's own folder is root's.
    expect(statSync('dist').uid).not.toBe(uid)
    expect(filesElsewhere()).toEqual([])
    const identity = { uid, gid: uid }
    const environment = { DATABASE_URL: await freshDatabaseOfTest(), TMPDIR: temporary, HOME: '/nonexistent' }
    const service = await startService(environment, 'dist/src/server.js', identity)
    const worker = spawn(process.execPath, ['dist/workers/main.js'], {
      env: { ...process.env, REDIS_URL: '', ...environment },
      stdio: 'ignore',
      ...identity,
    })
    try {
      const upload = { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'a,b\n1,2\n3,4\n' }
      expect((await fetch(`${service.url}/datasets`, upload)).status).toBe(201)
      const request = {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(xor),
      }
      const { id } = withId.parse(await (await fetch(`${service.url}/jobs`, request)).json())
      const modelId = await eventually(async () => {
        const { modelId } = withModelId.parse(await (await fetch(`${service.url}/jobs/${id}`)).json())
        return modelId ?? undefined
      })
      expect((await fetch(`${service.url}/models/${modelId}/predict?x=0,1`)).status).toBe(200)
      expect(filesElsewhere()).toEqual([])
      expect(readdirSync(temporary)).toEqual([])
    } finally {
      const workerEnded = once(worker, 'exit')
      worker.kill()
      await Promise.all([service.stop(), workerEnded])
    }
  },
)
