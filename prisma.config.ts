import { defineConfig } from 'prisma/config'

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // `prisma migrate deploy` needs an address; the service itself applies the migrations when it starts.
  datasource: { url: process.env.DATABASE_URL ?? '' },
})
