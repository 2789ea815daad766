/** Every test file belongs to a project of Vitest, and `.ci/run` runs all but the long ones. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFilter } from 'vite'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { projects } from '../../vitest.config.js'

const root = join(import.meta.dirname, '../..')
const read = (name: string) => readFileSync(join(root, name), 'utf8')

const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => `test/${name}`)

const filesOf = ({ include, exclude }: { include: string[]; exclude: string[] }) =>
  files.filter(createFilter(include, exclude, { resolve: false }))

describe('a test file', () => {
  it('belongs to a project', () => {
    const found = new Set(Object.values(projects).flatMap(filesOf))
    expect(files.filter((file) => !found.has(file))).toEqual([])
  })

  it('does not run in both halves of `.ci/run`', () => {
    const halves = [projects.components, projects.system, projects.faults].flatMap(filesOf)
    expect(halves.length).toBeGreaterThan(filesOf(projects.components).length)
    expect(halves.filter((file, index) => halves.indexOf(file) !== index)).toEqual([])
  })
})

it.each(['components', 'system', 'faults'])('`.ci/run` runs the project %s', (project) => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(read('package.json')))
  const [name] =
    Object.entries(scripts).find(([, command]) => `${command} `.includes(`--project ${project} `)) ?? []
  expect(name).toBeDefined()
  expect(read('.ci/run')).toContain(name === 'test' ? 'npm test -- ' : `npm run ${name} -- `)
})
