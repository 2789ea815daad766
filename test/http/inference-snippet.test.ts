/** The snippet of docs/models.md, as a reader runs it. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { openApp } from '../support/app.js'
import { storeModel } from '../support/stores.js'

it('the example of the Open Inference Protocol predicts', async () => {
  const service = await openApp()
  onTestFinished(() => service.close())
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 })
  const { id } = await storeModel(service)
  const folder = await mkdtemp(join(tmpdir(), 'descent-snippet-'))
  onTestFinished(() => rm(folder, { recursive: true }))

  const markdown = readFileSync(join(import.meta.dirname, '../../docs/models.md'), 'utf8')
  const section = markdown.slice(markdown.indexOf('## Open Inference Protocol'))
  const [, snippet = ''] = /```js\n([\s\S]*?)```/.exec(section) ?? []
  const script = join(folder, 'infer.mjs')
  await writeFile(script, snippet.replace('http://127.0.0.1:3000', url).replace('mdl_…', id))
  const { stdout } = await promisify(execFile)(process.execPath, [script])
  // output = 2 a + 3 b + 1
  expect(stdout).toBe('output 4 6\n')
})
