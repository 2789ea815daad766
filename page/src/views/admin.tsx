/** Administration: tenants, keys, usage, workers and the audit log, for a key with the scope `admin`. */
import { Heading } from '../components/heading.js'
import { link } from '../router.js'
import { AdminAudit } from './admin-audit.js'
import { AdminKeys } from './admin-keys.js'
import { tenantPrefix } from './admin-link.js'
import { AdminTenant } from './admin-tenant.js'
import { AdminTenants } from './admin-tenants.js'
import { AdminUsage } from './admin-usage.js'
import { AdminWebhooks } from './admin-webhooks.js'
import { AdminWorkers } from './admin-workers.js'

const parts = [
  ['', 'Tenants'],
  ['keys', 'Keys'],
  ['usage', 'Usage'],
  ['workers', 'Workers'],
  ['webhooks', 'Webhooks'],
  ['audit', 'Audit log'],
] as const

/** @param argument a part, or `tenant=` and the id of a tenant */
export function AdminView({ argument }: { argument: string }) {
  const isTenant = argument.startsWith(tenantPrefix)
  const current = isTenant ? '' : argument
  return (
    <section class="admin">
      <div class="heading">
        <div>
          <Heading>Administration</Heading>
          <p class="under">
            Operators manage tenants and keys here. They see what tenants use, not their data.
          </p>
        </div>
      </div>
      <nav class="tabs" aria-label="Administration">
        {parts.map(([part, name]) => (
          <a key={part} href={link('admin', part)} aria-current={part === current ? 'page' : undefined}>
            {name}
          </a>
        ))}
      </nav>
      {isTenant ? <AdminTenant id={argument.slice(tenantPrefix.length)} /> : <Part name={current} />}
    </section>
  )
}

function Part({ name }: { name: string }) {
  switch (name) {
    case 'keys':
      return <AdminKeys />
    case 'usage':
      return <AdminUsage />
    case 'workers':
      return <AdminWorkers />
    case 'webhooks':
      return <AdminWebhooks />
    case 'audit':
      return <AdminAudit />
    default:
      return <AdminTenants />
  }
}
