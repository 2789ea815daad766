import { freshDatabase } from '../support/postgres.js'
import { queueCases } from './cases.js'

queueCases('PostgreSQL', {
  async open() {
    const { connectionString, drop } = await freshDatabase()
    return { address: { type: 'postgres', connectionString }, drop }
  },
})
