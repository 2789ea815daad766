import { describe } from 'vitest'
import { hasRedis, startRedis } from '../support/service.js'
import { queueCases } from './cases.js'

// hasRedis says loudly when there is none.
describe.skipIf(!hasRedis)('with a redis-server', () => {
  queueCases('Redis', {
    async open() {
      const { url, stop } = await startRedis()
      return { address: { type: 'redis', url }, drop: stop }
    },
  })
})
