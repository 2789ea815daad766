/** `npm run test:neon` runs the suites under emulation, which takes minutes; this tests only its error. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const script = fileURLToPath(new URL('../../../scripts/neon.mjs', import.meta.url))

describe.skipIf(process.arch === 'arm64')('testing for arm64 on another machine', () => {
  test('fails and lists every missing tool', () => {
    const { status, stderr } = spawnSync(process.execPath, [script], {
      encoding: 'utf8',
      env: { PATH: '/nonexistent', ARM64_NODE: '/nonexistent' },
    })
    for (const what of ['qemu-aarch64-static', 'aarch64-linux-gnu-g++', 'ARM64_NODE'])
      expect(stderr).toContain(`neon: missing ${what}`)
    expect(status).toBe(1)
  })
})
